// This program calls the API and prints the results. openapi-typescript generates the client's types from /openapi.json.
import createClient from 'openapi-fetch';
import type { paths } from './api.js';

declare const process: { argv: string[] };

const [baseUrl = '', email = '', password = ''] = process.argv.slice(2);
const api = createClient<paths>({ baseUrl, headers: { Origin: new URL(baseUrl).origin } });

const health = await api.GET('/health');
const refused = await api.POST('/auth/direct/sign-in', {
  params: { header: { 'X-Gatehouse': '1' } },
  body: { email, password: 'wrong', remember: false },
});
const { data: signedIn } = await api.POST('/auth/direct/sign-in', {
  params: { header: { 'X-Gatehouse': '1' } },
  body: { email, password, remember: false },
});
if (signedIn === undefined || !('access_token' in signedIn)) throw new Error('nobody is signed in');

const headers = { Authorization: `Bearer ${signedIn.access_token}` };
const me = await api.GET('/me', { headers });
const sessions = await api.GET('/me/sessions', { headers });
const users = await api.GET('/users', { headers, params: { query: { limit: 1 } } });
const orders = await api.GET('/orders', { headers });

console.log(
  JSON.stringify({
    health: health.data?.status,
    refused: refused.error?.error,
    me: me.data?.Email,
    listed: sessions.data?.sessions.every(({ started_at }) => Date.parse(started_at) > 0),
    users: users.error?.error,
    orders: orders.data?.owner === me.data?.sub,
  }),
);

// @ts-expect-error the path does not exist
await api.GET('/order', { headers }).catch(() => 0);
// @ts-expect-error the header is required
void (() => api.POST('/auth/logout'));
// @ts-expect-error the name is misspelt
export const misspelt = me.data?.email;
