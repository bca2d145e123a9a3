// Copies the few files the pages use out of node_modules into static/vendor/, and nothing else.
// Adding a library: its version in package.json, its files here, then `make install`.
import { copyFileSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const FILES = {
  "pico/pico.min.css": "@picocss/pico/css/pico.min.css",
  "htmx/htmx.min.js": "htmx.org/dist/htmx.min.js",
  "socket.io/socket.io.esm.min.js": "socket.io-client/dist/socket.io.esm.min.js",
  "swagger-ui/swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
  "swagger-ui/swagger-ui-bundle.js": "swagger-ui-dist/swagger-ui-bundle.js",
  "swagger-ui/swagger-ui-standalone-preset.js": "swagger-ui-dist/swagger-ui-standalone-preset.js",
  "swagger-ui/favicon-32x32.png": "swagger-ui-dist/favicon-32x32.png",
};

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const vendor = join(root, "static", "vendor");
const fresh = `${vendor}.new`;

rmSync(fresh, { recursive: true, force: true });
for (const [to, from] of Object.entries(FILES)) {
  mkdirSync(dirname(join(fresh, to)), { recursive: true });
  copyFileSync(join(root, "node_modules", from), join(fresh, to));
}
// The new folder replaces the old one whole, so that a page never meets half of it.
rmSync(vendor, { recursive: true, force: true });
renameSync(fresh, vendor);
