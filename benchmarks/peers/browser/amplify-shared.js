// The common parts of the two Amplify pages: the configuration, and one button per action.
export const configuration = {
  Auth: {
    Cognito: {
      userPoolId: 'eu-west-1_BenchPool',
      userPoolClientId: '1example23456789',
      loginWith: {
        oauth: {
          domain: 'acme-dev.auth.eu-west-1.amazoncognito.com',
          scopes: ['openid', 'profile', 'email', 'api/read'],
          redirectSignIn: [`${location.origin}/callback`],
          redirectSignOut: [`${location.origin}/`],
          responseType: 'code',
        },
      },
    },
  },
};

export async function start(fetchAuthSession, actions) {
  const session = await fetchAuthSession();
  for (const [name, act] of Object.entries(actions)) {
    const button = document.createElement('button');
    button.textContent = name;
    button.hidden = Boolean(session.tokens) === (name === 'in');
    button.addEventListener('click', act);
    document.querySelector('main').append(button);
  }
  document.body.dataset.view = 'choose';
}
