// Runs flow.js, contract 1's "Complete Upload and Streaming Flow", as its reader would: the four snippets one after
// the other in one function, with `file` and `player` given. Only the hosts and the token are put in.
//
//   node run-flow.mjs URL TOKEN FILE     prints {"src": …, "type": …}, what the player was handed
import {readFileSync} from 'node:fs';

const [url, token, path] = process.argv.slice(2);
const flow = readFileSync(new URL('flow.js', import.meta.url), 'utf8')
    .replaceAll('http://localhost:3001', url)
    .replaceAll('http://localhost:3002', url)
    .replaceAll('YOUR_JWT_TOKEN', token);

const file = new Blob([readFileSync(path)], {type: 'video/mp4'});
let handed = null;
const player = {src: (source) => { handed = source; }};

const AsyncFunction = (async () => {}).constructor;
await new AsyncFunction('file', 'player', flow)(file, player);
console.log(JSON.stringify(handed));
