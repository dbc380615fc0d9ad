/**
 * What a submission costs in Node before anybody does anything with it: reads the body, parses it,
 * answers a small JSON. No routing, no keys, nothing stored. Prints its port.
 */
import { createServer } from "node:http";

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const submission = JSON.parse(Buffer.concat(chunks).toString()) as { metrics: unknown[] };
    const answer = Buffer.from(
      JSON.stringify({ status: "success", accepted: submission.metrics.length, rejected: 0, errors: [] }),
    );
    response.writeHead(200, { "content-type": "application/json", "content-length": answer.length });
    response.end(answer);
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`${typeof address === "object" ? address?.port : address}\n`);
});
