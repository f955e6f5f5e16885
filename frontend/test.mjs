// Runs every *.test.ts under node's own test runner, bundled first so that imports read as they do in the browser's code.
// `npm test -- pages` runs one folder.
import { mkdtemp, rm } from "node:fs/promises";
import { globSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const only = process.argv[2];
const tests = globSync("{pages,room,board}/**/*.test.{ts,tsx}", { cwd: here }).filter((file) => !only || file.includes(only));
if (tests.length === 0) {
  console.error(only ? `no tests under ${only}` : "no tests found");
  process.exit(1);
}

// Inside node_modules, so that packages the tests import are found from there.
const scratch = await mkdtemp(path.join(here, "node_modules", ".tests-"));
try {
  await build({
    absWorkingDir: here,
    entryPoints: tests,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node22",
    packages: "external",
    jsx: "automatic",
    sourcemap: "inline",
    outdir: scratch,
    outExtension: { ".js": ".mjs" },
    logLevel: "warning",
  });
  const built = globSync("**/*.test.mjs", { cwd: scratch }).map((file) => path.join(scratch, file));
  const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...built], { stdio: "inherit", cwd: here });
  process.exitCode = run.status ?? 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}
