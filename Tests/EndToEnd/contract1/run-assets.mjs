// Runs assets.js, contract 1's "Managing Media Assets", and the contract's own request for a share. Only the host and
// the token are put in.
//
//   node run-assets.mjs URL TOKEN ASSET     prints what each call answered
import {readFileSync} from 'node:fs';

const [url, token, asset] = process.argv.slice(2);
const code = readFileSync(new URL('assets.js', import.meta.url), 'utf8')
    .replaceAll('http://localhost:3003', url)
    .replaceAll('YOUR_JWT_TOKEN', token);

const {getAssets, searchAssets, updateAsset} = new Function(`${code}; return {getAssets, searchAssets, updateAsset};`)();
const list = await getAssets();
const updated = await updateAsset(asset, {
    title: 'Updated Video Title',
    description: 'Updated video description',
    tags: ['demo', 'tutorial', 'testing'],
});
const found = await searchAssets('updated vid');
const response = await fetch(`${url}/media/${asset}/share`, {
    method: 'POST',
    headers: {'Authorization': `Bearer ${token}`, 'Content-Type': 'application/json'},
    body: JSON.stringify({expiresIn: 86400, requireEmail: false, maxViews: 10}),
});
console.log(JSON.stringify({list, updated, found, share: await response.json()}));
