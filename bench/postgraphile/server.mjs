// PostGraphile on the tables of the bench, under the same role and the same row settings as ours.
// Usage: node server.mjs PORT SOCKET_DIRECTORY DATABASE CALLERS_FILE
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const [port, sockets, database, callersFile] = process.argv.slice(2);
const NAMES = ["q.audience", "q.customer", "q.person", "q.clearance", "q.compartments", "q.roles"];
const settings = new Map(
  JSON.parse(readFileSync(callersFile, "utf8")).map(([token, values]) => [
    `Bearer ${token}`,
    Object.fromEntries(NAMES.map((name, at) => [name, values[at]])),
  ]),
);

const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({
      schemas: ["public"],
      // Connections stay open between the rounds, as everybody else's do.
      poolConfig: {
        host: sockets,
        database,
        user: "quadrant_app",
        max: 8,
        idleTimeoutMillis: 0,
        application_name: "postgraphile",
      },
    }),
  ],
  grafast: {
    context: (request) => ({ pgSettings: settings.get(request.node?.req.headers.authorization) ?? {} }),
  },
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false },
};

const server = createServer();
const instance = postgraphile(preset).createServ(grafserv);
await instance.addTo(server);
server.listen(Number(port), "127.0.0.1");
