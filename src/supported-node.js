// Ends the process on a Node that cannot run the sources, saying so. Plain JavaScript, and nothing that an old
// Node lacks, so that it gets as far as being told that it is old.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`mcp-metrics needs Node 22.18 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}
