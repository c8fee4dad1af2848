// Talks to a URL with the client of graphql-ws and prints what it heard, as JSON:
//   node websocket.mjs URL '{"connectionParams": …, "operations": [{"query": …, "take": 3}], "subprotocol": …}'
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, options] = process.argv.slice(2);
const { connectionParams, operations, subprotocol } = JSON.parse(options);

class Socket extends WebSocket {
  constructor(address, protocol) {
    super(address, subprotocol ?? protocol);
  }
}

const heard = { opened: 0, closed: null, operations: [] };
const client = createClient({
  url,
  connectionParams,
  webSocketImpl: Socket,
  retryAttempts: 0,
  lazy: true,
  on: {
    opened: () => (heard.opened += 1),
    closed: (event) => (heard.closed ??= event.code),
  },
});
for (const { take = Infinity, ...operation } of operations) {
  const results = [];
  const entry = { results, error: null };
  heard.operations.push(entry);
  try {
    for await (const result of client.iterate(operation)) {
      results.push(result);
      if (results.length >= take) break;
    }
  } catch (error) {
    entry.error = error.code ?? error;
  }
}
await client.dispose();
console.log(JSON.stringify(heard));
process.exit(0);
