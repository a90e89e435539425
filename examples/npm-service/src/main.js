// Starts the service at the port that the environment variable PORT names; SIGTERM and SIGINT end it once the requests at
// hand are answered.
import { about, makeServer } from "./server.js";

const port = Number(process.env.PORT ?? 8080);
const server = makeServer();
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => {
    console.log(`${signal}: no new requests from now on`);
    server.close(() => console.log("done"));
    server.closeIdleConnections();
  });
}
server.listen(port, () => console.log(`${about.name} ${about.version} listens at port ${port}`));
