# Shared by the habits: steps with a name, their seconds, and one verdict at the end.
failed=()

# run "Name" command...: run it, say how long it took, remember when it failed and go on.
run() {
  local name="$1" began=$SECONDS status=0
  shift
  printf '\n── %s\n' "$name"
  "$@" || status=$?
  if [ $status -eq 0 ]; then
    echo "   $name: ok ($((SECONDS - began)) s)"
  else
    failed+=("$name")
    echo "   $name: FAILED with code $status ($((SECONDS - began)) s)"
  fi
}

# beside "Name" command...: the same in the background, for what mostly waits; its words and seconds come with `arrive`.
beside_name="" beside_pid="" beside_words=""
beside() {
  beside_name="$1" beside_words="$(mktemp)"
  shift
  printf '\n── %s: begins, and goes on beside the rest\n' "$beside_name"
  # A group of processes of its own, so that whoever stops us stops it too.
  set -m
  (
    began=$SECONDS status=0
    "$@" >"$beside_words" 2>&1 || status=$?
    echo "   $beside_name took $((SECONDS - began)) s in all." >>"$beside_words"
    exit $status
  ) &
  beside_pid=$!
  set +m
  trap '[ -z "$beside_pid" ] || kill -- "-$beside_pid" 2>/dev/null || true' EXIT
}
_arrived() {
  local status=0
  wait "$beside_pid" || status=$?
  cat "$beside_words"
  rm -f "$beside_words"
  beside_pid=""
  return $status
}
arrive() { run "$beside_name" _arrived; }

verdict() {
  if [ ${#failed[@]} -eq 0 ]; then
    printf '\n%s: all well (%s s)\n' "$1" "$SECONDS"
  else
    printf '\n%s: failed:' "$1"
    printf ' %s;' "${failed[@]}"
    printf ' (%s s)\n' "$SECONDS"
    exit 1
  fi
}
