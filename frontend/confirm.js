/** Lets a signed-in person authenticate again, by password or passkey, or at the person's identity provider. */
import { accountField, form, linkButton, passkeyBox, passwordField, reject } from './form.js';
import { texts } from './more-texts.js';
import { el, fill, heading, notice, show, way } from './view.js';

/**
 * @param {Object} options
 * @param {ReturnType<typeof import('./session.js').createSession>} options.session
 * @param {import('./session.js').User} options.user
 * @param {() => void} options.back
 * @param {import('./app.js').Config|null} options.config the stage's configuration; after a sign-in at a provider, the browser
 *   returns to the configuration's `return_to`
 * @param {Record<string, string>} options.labels the providers' labels, by the provider's name
 * @param {() => void} options.done called when the new session has begun
 */
export function open({ session, user, back, config, labels, done }) {
  const native = user.provider === 'COGNITO';
  const { email } = user;
  /** @param {import('./view.js').Child[]} nodes @param {HTMLElement} [start] */
  const present = (nodes, start) =>
    show('confirm', [heading(texts.confirmTitle), ...nodes, linkButton(texts.backToProfile, back)], start);
  /** @param {string} text @param {Record<string, string>} [values] */
  const lead = (text, values = {}) => el('p', { class: 'quiet' }, fill(text, values));

  if (!native) {
    const label = labels[user.provider] ?? user.provider;
    const url = new URL(session.signInUrl({ provider: user.provider, returnTo: config?.return_to ?? undefined }));
    url.searchParams.set('prompt', 'login');
    return present([
      lead(texts.confirmLead),
      way(fill(texts.provider, { label }), 'key', url.href, 'primary'),
      lead(texts.confirmSilent, { label }),
    ]);
  }
  if (config?.direct_sign_in !== 'embedded') return present([notice(texts.confirmNowhere, null, 'alert')]);

  /** @param {string} [text] */
  function askPassword(text) {
    const secret = passwordField('current-password');
    /** @param {string} path @param {object} body */
    const post = (path, body) => session.post(`auth/direct/${path}`, body);
    /** @param {object} [extra] */
    const signIn = (extra) => post('sign-in', { email, password: secret.input.value, remember: false, ...extra });
    const account = accountField(email);
    /** @param {string} what */
    const by = (what) => () => `${what} ${email.toLowerCase()}`;
    const elsewhere = () => present([notice(texts.confirmNowhere, null, 'alert')]);
    /** @param {any} answer */
    const proceed = async (answer) => {
      if (answer.access_token) return done();
      const { showChallenge } = await import('./challenges.js');
      showChallenge({
        challenge: answer.challenge, email, proceed, elsewhere, signIn, by,
        startOver: askPassword,
        reply: (body) => post('challenge', body),
        refuse: () => askPassword(texts.wrongPassword),
      });
    };
    const sheet = form({
      kind: by('sign-in'),
      fields: [secret],
      label: texts.goOn,
      extra: [account],
      send: () => signIn(),
      done: proceed,
      refused: {
        invalid_credentials: () => reject(secret, texts.wrongPassword),
        unsupported_challenge: elsewhere,
        not_found: elsewhere,
      },
    });
    const address = { input: account, check: () => true, complain() {} };
    const passkey = passkeyBox(config, ({ passkeyButton }, box) =>
      box.append(passkeyButton({ post, address, choice: { remember: false }, by, proceed })));
    present([text && notice(text, null, 'alert'), lead(texts.confirmLead), sheet, passkey], secret.input);
  }
  return askPassword();
}
