// Builds the page into dist/ (default) or the unit tests into ../build/web-tests (--tests).
import { build } from "esbuild";
import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

async function buildPage() {
  const out = join(here, "dist");
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  await cp(join(here, "public"), out, { recursive: true });
  await build({
    entryPoints: { app: join(here, "src/main.ts"), sw: join(here, "src/worker.ts") },
    outdir: out,
    bundle: true,
    minify: true,
    format: "iife",
    target: ["es2021"],
    legalComments: "eof",
    logLevel: "warning",
  });
}

async function buildTests() {
  const out = join(here, "../build/web-tests");
  await rm(out, { recursive: true, force: true });
  const tests = (await readdir(join(here, "src"))).filter((name) => name.endsWith(".test.ts"));
  await build({
    entryPoints: tests.map((name) => join(here, "src", name)),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: ["node18"],
    logLevel: "warning",
  });
}

await (process.argv.includes("--tests") ? buildTests() : buildPage());
