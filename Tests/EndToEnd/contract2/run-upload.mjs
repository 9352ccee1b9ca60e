// Runs upload.js, contract 2's "Upload from Frontend", as its reader would, with `file` and `token` given.
//
//   node run-upload.mjs URL TOKEN FILE     prints {"uploaded": …, "ended": …, "said": …}: the answer to the upload, and
//   what the example reported last
// Global from Node 20 on.
import {File} from 'node:buffer';
import {readFileSync} from 'node:fs';
import {basename} from 'node:path';

const [url, token, path] = process.argv.slice(2);
const code = readFileSync(new URL('upload.js', import.meta.url), 'utf8').replaceAll('http://localhost:8000', url);
const said = [];
const console_ = {
    log: (...words) => said.push(['log', ...words]),
    error: (...words) => said.push(['error', ...words]),
};
const uploadMedia = new Function('token', 'console', `${code}; return uploadMedia;`)(token, console_);
await uploadMedia(new File([readFileSync(path)], basename(path), {type: 'application/octet-stream'}));
// Node stays as long as the example's interval does; it ends when the medium is ready or has failed.
process.on('exit', () => {
    const [, text, ended] = said.at(-1);
    console.log(JSON.stringify({uploaded: said[0][2], said: text, ended: ended ?? null}));
});
