// oidc-client-ts: redirect, callback and renewal, with tokens in web storage. The library has no page and no passwords.
import { UserManager } from 'oidc-client-ts';

const users = new UserManager({
  authority: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_BenchPool',
  client_id: '1example23456789',
  redirect_uri: `${location.origin}/callback`,
  scope: 'openid profile email api/read',
});

const button = document.createElement('button');
button.textContent = 'Sign in';
button.addEventListener('click', () => users.signinRedirect());

if (new URLSearchParams(location.search).has('code')) await users.signinCallback();
const user = await users.getUser();
button.hidden = Boolean(user);
document.querySelector('main').append(button);
document.body.dataset.view = 'choose';
