// An OpenAI-compatible server that answers at once, in a process of its own: for every step one answer that can be read, told
// from its like by a number. Prints its address and then serves until it is ended.
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const server = createServer(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  response.setHeader("content-type", "application/json");
  if (request.method === "GET") return response.end(JSON.stringify({ data: [{ id: "instant" }] }));
  const { prompt } = JSON.parse(body);
  const text = answerTo(prompt);
  const usage = { prompt_tokens: prompt.length >> 2, completion_tokens: text.length >> 2 };
  response.end(JSON.stringify({ choices: [{ text, finish_reason: "stop" }], usage }));
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/v1`));

function answerTo(prompt) {
  const item = prompt.slice(prompt.lastIndexOf("## Example ")).trimEnd();
  if (item.endsWith("### Concepts")) return "list iteration, comparisons, accumulation, early exit\n\n";
  if (item.includes("### Property")) {
    const number = createHash("sha1").update(prompt).digest().readUInt32LE();
    return `A lighthouse keeps a log of ships. Write a function \`tally_${number}(ships, limit)\` that counts the ships of at
least the given length, a whole number of metres, and stops at the first ship of negative length, which ends the log.\n\n`;
  }
  const [name] = /tally_\d+/.exec(item);
  return `[Reasoning]
The log is read from the front, and reading may stop early, so a loop fits better than an expression over all ships. A ship of
exactly the given length counts. An empty log has no ships, for which the loop gives zero without a case of its own.

[Implementation]
\`\`\`python
def ${name}(ships: list[int], limit: int) -> int:
    """Count the ships of at least \`limit\` metres before the log ends."""
    count = 0
    for length in ships:
        if length < 0:
            break  # the log ends here
        if length >= limit:
            count += 1
    return count
\`\`\`

[Explanation]
The loop leaves at the first negative length; until then each ship that is long enough adds one to the count.

[Tests]
\`\`\`python
assert ${name}([], 10) == 0
assert ${name}([5, 10, 15], 10) == 2
assert ${name}([15, -1, 20], 10) == 1
assert ${name}([1, 2, 3], 10) == 0
\`\`\`
`;
}
