// Builds what the browser loads into built/. Entry files keep their names: hashing is the server's (whitenoise).
import { cp, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { chmodSync, existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const at = (...parts) => path.join(here, ...parts);
const built = at("built");
// Made aside and moved when whole: a build that fails, or one seen half-way, never takes the pages' styles from them.
const out = await mkdtemp(at(".building-"));
process.on("exit", () => rmSync(out, { recursive: true, force: true }));

// React is told which build to be here; without it the room would ship React's development half.
const shared = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  sourcemap: false,
  target: ["es2020", "chrome100", "firefox100", "safari15.4"],
  legalComments: "none",
  logLevel: "warning",
  define: { "process.env.NODE_ENV": '"production"' },
};

await mkdir(path.join(out, "fonts"), { recursive: true });

await build({ ...shared, entryPoints: { app: "pages/app.ts", sw: "pages/sw.ts" }, format: "iife", outdir: out });
await build({ ...shared, entryPoints: { app: "styles/app.css" }, external: ["fonts/*"], outdir: out });

// The room is split off so that no other page loads it.
if (existsSync(at("room/main.tsx"))) {
  await build({
    ...shared,
    entryPoints: { room: "room/main.tsx" },
    format: "esm",
    jsx: "automatic",
    external: ["fonts/*"],
    outdir: out,
  });
  // The worker that holds the keys. What it names as external is asked for by cipher suites that we do not use.
  await build({
    ...shared,
    entryPoints: { "room-keys": "room/e2ee/worker.ts" },
    format: "iife",
    external: ["@hpke/chacha20poly1305", "@hpke/dhkem-x448", "@hpke/hybridkem-x-wing", "@hpke/ml-kem", "@noble/curves/*", "@noble/post-quantum/*"],
    outdir: out,
  });
  // A style sheet that main.tsx does not import is built by its own name.
  if (existsSync(at("room/room.css")) && !existsSync(path.join(out, "room.css"))) {
    await build({ ...shared, entryPoints: { room: "room/room.css" }, external: ["fonts/*"], outdir: out });
  }
}

// The board is split off from the room: its page alone loads it, in a frame, when somebody opens a board.
const elsewhere = {
  name: "nothing-from-elsewhere",
  setup(build) {
    // Diagrams from text are not offered, and their library is as large as all the rest.
    build.onResolve({ filter: /^@excalidraw\/mermaid-to-excalidraw$/ }, () => ({ path: "none", namespace: "left-out" }));
    build.onLoad({ filter: /.*/, namespace: "left-out" }, () => ({ contents: "export {};" }));
    // Excalidraw would look for letters at a public host when ours has none. It may not even know the name.
    build.onLoad({ filter: /@excalidraw[\\/]excalidraw[\\/]dist[\\/]prod[\\/].*\.js$/ }, ({ path: file }) => ({
      contents: readFileSync(file, "utf8").replaceAll("https://esm.sh/", "${globalThis.location?.origin}/static/board/"),
      loader: "js",
    }));
  },
};
await build({
  ...shared,
  entryPoints: { board: "board/main.tsx" },
  format: "esm",
  splitting: true,
  jsx: "automatic",
  conditions: ["production"],
  external: ["fonts/*", "./fonts/*"],
  loader: { ".woff2": "file" },
  assetNames: "letters/[name]-[hash]",
  chunkNames: "parts/[name]-[hash]",
  plugins: [elsewhere],
  outdir: path.join(out, "board"),
});
await cp(at("node_modules/@excalidraw/excalidraw/dist/prod/fonts"), path.join(out, "board", "fonts"), { recursive: true });

await cp(at("node_modules/htmx.org/dist/htmx.min.js"), path.join(out, "htmx.min.js"));
await cp(at("pages/icon.svg"), path.join(out, "icon.svg"));
for (const part of ["latin", "latin-ext"]) {
  const font = `source-sans-3-${part}-wght-normal.woff2`;
  await cp(at("node_modules/@fontsource-variable/source-sans-3/files", font), path.join(out, "fonts", font));
}
await cp(
  at("node_modules/@fontsource-variable/source-sans-3/LICENSE"),
  path.join(out, "fonts", "source-sans-3-LICENSE.txt"),
);

chmodSync(out, 0o755);
await rm(built, { recursive: true, force: true });
await rename(out, built);

for (const name of readdirSync(built).filter((file) => /\.(css|js)$/.test(file))) {
  const bytes = readFileSync(path.join(built, name));
  console.log(`${name.padEnd(14)} ${String(bytes.length).padStart(8)} bytes  ${String(gzipSync(bytes).length).padStart(7)} gzipped`);
}
