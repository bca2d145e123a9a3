// Brings the few files the pages use out of node_modules into static/vendor/, and nothing else.
// Adding a library: its version in package.json, its files here, then `make install`.
// Adding an icon: its name (lucide.dev) in ICONS; pages draw it with the macro `icon`.
import { buildSync } from "esbuild";
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const FILES = {
  "pico/pico.min.css": "@picocss/pico/css/pico.min.css",
  "socket.io/socket.io.esm.min.js": "socket.io-client/dist/socket.io.esm.min.js",
  "swagger-ui/swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
  "swagger-ui/swagger-ui-bundle.js": "swagger-ui-dist/swagger-ui-bundle.js",
  "swagger-ui/swagger-ui-standalone-preset.js": "swagger-ui-dist/swagger-ui-standalone-preset.js",
  "swagger-ui/favicon-32x32.png": "swagger-ui-dist/favicon-32x32.png",
};

const ICONS = [
  "arrow-down", "arrow-right", "arrow-up", "award", "badge-check", "bell", "book-open", "bot", "brain", "calendar",
  "chart-column", "chart-line", "check", "chevron-down", "chevron-left", "chevron-right", "circle", "circle-alert",
  "circle-check", "circle-x", "clock", "code", "compass", "copy", "crosshair", "database", "download", "eye",
  "eye-off", "file-up", "flag", "flame", "footprints", "gauge", "gem", "graduation-cap", "house", "info", "landmark",
  "lightbulb", "list-checks", "lock", "log-in", "log-out", "map", "medal", "menu", "minus", "moon", "mountain",
  "notebook-text", "pause", "pencil", "play", "plus", "refresh-cw", "rocket", "rotate-ccw", "search", "settings",
  "shield", "snowflake", "sparkles", "sprout", "square", "star", "sun", "table", "target", "telescope", "terminal",
  "trash-2", "trending-up", "triangle-alert", "trophy", "upload", "user", "users", "wand-sparkles", "x", "zap",
];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const vendor = join(root, "static", "vendor");
const fresh = `${vendor}.new`;

rmSync(fresh, { recursive: true, force: true });
for (const [to, from] of Object.entries(FILES)) {
  mkdirSync(dirname(join(fresh, to)), { recursive: true });
  copyFileSync(join(root, "node_modules", from), join(fresh, to));
}
// One sprite: every icon a symbol that a page uses by its name.
const symbols = ICONS.map((name) => {
  const svg = readFileSync(join(root, "node_modules/lucide-static/icons", `${name}.svg`), "utf8");
  const drawing = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
  return `<symbol id="${name}" viewBox="0 0 24 24">${drawing.replace(/\s+/g, " ").trim()}</symbol>`;
});
writeFileSync(join(fresh, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`);

// The editor has many small packages that import each other by name: a browser needs them in one file.
buildSync({
  entryPoints: [join(root, "scripts/editor.mjs")],
  outfile: join(fresh, "codemirror/codemirror.esm.min.js"),
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  logLevel: "error",
});
// The new folder replaces the old one whole, so that a page never meets half of it.
rmSync(vendor, { recursive: true, force: true });
renameSync(fresh, vendor);
