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
