// Talks to a URL with the client of graphql-sse in distinct connections mode and prints what it heard, as JSON:
//   node stream.mjs URL '{"headers": …, "operations": [{"query": …, "take": 3}]}'
import { createClient } from "graphql-sse";

const [url, options] = process.argv.slice(2);
const { headers, operations } = JSON.parse(options);
const client = createClient({ url, headers, retryAttempts: 0 });
const heard = [];
for (const { take = Infinity, ...operation } of operations) {
  const results = [];
  const entry = { results, error: null };
  heard.push(entry);
  try {
    for await (const result of client.iterate(operation)) {
      results.push(result);
      if (results.length >= take) break;
    }
  } catch (error) {
    entry.error = error.response?.status ?? String(error);
  }
}
client.dispose();
console.log(JSON.stringify(heard));
process.exit(0);
