// The HTTP server: what is answered to which request.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { hostname } from "node:os";

const { name, version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

// about is the service's name and version, as package.json has them.
export const about = { name, version };

// answer gives the status and the body for a path.
export function answer(path) {
  switch (path) {
    case "/":
      return [200, { ...about, host: hostname() }];
    case "/healthz":
      return [200, { status: "ok" }];
    default:
      return [404, { error: "no such path" }];
  }
}

// makeServer returns a server that does not listen yet.
export function makeServer() {
  return createServer((request, response) => {
    const [path] = request.url.split("?");
    const [status, body] = answer(path);
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(body) + "\n");
    if (path !== "/healthz") console.log(request.method, request.url, status);
  });
}
