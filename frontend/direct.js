/** Sign-in with email and password: its form, sign-up, codes, and the reset of a password. */
import {
  badPassword, codeField, emailField, field, form, link, linkButton, passwordField, reject, sender,
} from './form.js';
import { fill, texts } from './texts.js';
import { button, el, heading, notice, show, way, waysAndBox } from './view.js';

/**
 * @param {Object} options
 * @param {ReturnType<typeof import('./session.js').createSession>} options.session
 * @param {{remember: boolean}} options.choice
 * @param {() => {label: string, sign: string, url: (remember: boolean) => string}[]} options.ways the other ways in
 * @param {(name: string) => void} options.goTo shows one of the views below
 * @param {boolean} options.signUp whether people may create accounts
 * @param {URL} options.root
 */
export function createDirect({ session, choice, ways, goTo, signUp, root }) {
  let email = ''; // travels from view to view
  let password = ''; // only until it has signed in: a confirmed address signs in by itself
  let nextNotice = null;

  session.onChange(({ user }) => {
    if (user) password = '';
  });

  const post = (path, body) => session.post(`auth/direct/${path}`, body);
  const by = (kind) => (values) => `${kind} ${(values?.email ?? email).trim().toLowerCase()}`;
  const signIn = (extra) => post('sign-in', { email, password, remember: choice.remember, ...extra });

  function startOver(text, ...more) {
    nextNotice = text ? notice(text, null, 'alert') : null;
    nextNotice?.lastChild.append(...more);
    goTo('email');
  }

  /** A step that this page does not know ends at the managed login. */
  function elsewhere({ login_url: address }) {
    const url = new URL(address ?? session.signInUrl({ provider: 'COGNITO', remember: choice.remember }), root);
    const safe = /^https?:$/.test(url.protocol) ? url.href : session.signInUrl({ provider: 'COGNITO' });
    show('challenge', [
      heading(texts.elsewhereTitle),
      el('p', {}, texts.elsewhereLead),
      way(texts.elsewhere, 'key', safe, 'primary'),
      linkButton(texts.startOver, () => startOver()),
    ]);
  }

  /** With a token the session has begun, and the page goes on by itself; else there is a challenge. */
  async function proceed(answer) {
    if (!answer.challenge) return;
    const { showChallenge } = await import('./challenges.js');
    showChallenge({
      challenge: answer.challenge, email, proceed, elsewhere, startOver, by,
      reply: (body) => post('challenge', body),
      signIn,
      refuse: () => startOver(texts.refused, el('p', {}, texts.refusedMore), offers()),
    });
  }

  /** After a confirmed address or a new password. If it does not work, the form does the rest. */
  async function signInByItself(text) {
    const { response, answer } = password ? await signIn() : {};
    if (response?.ok) return proceed(answer);
    if (answer?.error === 'unsupported_challenge') return elsewhere(answer);
    nextNotice = notice(text);
    return goTo('email');
  }

  const offers = () =>
    el('div', { class: 'links' }, link(texts.enterCode, '#code'), link(texts.resetPassword, '#forgot'));

  const views = {
    email() {
      password = '';
      const address = emailField(email);
      const secret = passwordField('current-password');
      const others = ways();
      const [list, box] = waysAndBox(others, choice, '');
      const sheet = form({
        fields: [address, secret],
        label: texts.chooseTitle,
        extra: [box],
        kind: by('sign-in'),
        send(values) {
          ({ email, password } = values);
          return signIn();
        },
        done: proceed,
        refused: {
          invalid_credentials(_, say) {
            say(texts.refused, texts.refusedMore, offers());
            secret.input.focus();
            secret.input.select();
          },
          unsupported_challenge: elsewhere,
          not_found: elsewhere,
        },
      });
      const nodes = [
        sheet,
        el('div', { class: 'links' },
          link(texts.forgotten, '#forgot'), signUp && link(texts.signUpTitle, '#sign-up')),
        ...(others.length ? [el('p', { class: 'or' }, texts.or), list] : []),
      ];
      return [texts.emailTitle, nodes, email ? secret : address];
    },

    'sign-up'() {
      const given = field({
        name: 'given_name', label: texts.givenName, need: texts.needName, autocomplete: 'given-name', maxlength: '100',
      });
      const family = field({
        name: 'family_name', label: texts.familyName, need: texts.needName, autocomplete: 'family-name', maxlength: '100',
      });
      const address = emailField(email);
      const secret = passwordField('new-password');
      const sheet = form({
        fields: [given, family, address, secret],
        label: texts.signUpTitle,
        kind: by('mail'),
        send(values) {
          ({ email, password } = values);
          return post('sign-up', values);
        },
        done: () => goTo('code'),
        refused: {
          invalid_password: (answer) => badPassword(secret, answer),
          sign_up_refused: (_, say) => say(texts.errors.sign_up_refused.what, texts.errors.sign_up_refused.help),
        },
      });
      return [texts.signUpTitle, [sheet, link(texts.backToSignIn, '#email')], given];
    },

    code() {
      const address = email ? null : emailField();
      const code = codeField();
      const sheet = form({
        fields: [address, code].filter(Boolean),
        label: texts.confirm,
        kind: by('code'),
        send(values) {
          email = values.email ?? email;
          return post('confirm', { email, code: values.code });
        },
        done: () => signInByItself(texts.confirmed),
        refused: { invalid_code: () => reject(code, texts.wrongCode) },
      });
      return [
        texts.codeTitle,
        [
          el('p', { class: 'quiet' }, email ? fill(texts.codeLead, { email }) : texts.codeAsk),
          sheet,
          resend('resend-code', address),
          el('p', { class: 'quiet' }, texts.codeNone),
          el('div', { class: 'links' },
            link(texts.backToSignIn, '#email'), link(texts.resetPassword, '#forgot'),
            email && linkButton(texts.otherAddress, () => another('code'))),
        ],
        address ?? code,
      ];
    },

    forgot() {
      password = '';
      const address = emailField(email);
      const sheet = form({
        fields: [address],
        label: texts.sendCode,
        kind: by('mail'),
        send(values) {
          ({ email } = values);
          return post('forgot-password', { email });
        },
        done: () => goTo('reset'),
      });
      return [
        texts.forgotTitle,
        [el('p', { class: 'quiet' }, texts.forgotLead), sheet, link(texts.backToSignIn, '#email')],
        address,
      ];
    },

    reset() {
      const address = emailField(email);
      address.node.hidden = Boolean(email); // still there for password managers
      const code = codeField();
      const secret = passwordField('new-password');
      const sheet = form({
        fields: [address, code, secret],
        label: texts.savePassword,
        kind: by('code'),
        send(values) {
          ({ email, password } = values);
          return post('reset-password', values);
        },
        done: () => signInByItself(texts.resetDone),
        refused: {
          invalid_code: () => reject(code, texts.wrongCode),
          invalid_password: (answer) => badPassword(secret, answer),
        },
      });
      return [
        texts.resetTitle,
        [
          el('p', { class: 'quiet' }, email ? fill(texts.codeLead, { email }) : texts.codeAsk),
          sheet,
          resend('forgot-password', address),
          el('div', { class: 'links' },
            link(texts.backToSignIn, '#email'), email && linkButton(texts.otherAddress, () => another('reset'))),
        ],
        email ? code : address,
      ];
    },
  };

  function another(name) {
    email = password = '';
    goTo(name);
  }

  function resend(path, address) {
    const control = button(texts.resend, () => {
      if (!address || address.check()) void act();
      else address.input.focus();
    }, 'small');
    const whom = () => address?.input.value || email;
    const { said, act } = sender({
      control,
      kind: () => by('mail')({ email: whom() }),
      send: () => post(path, { email: whom() }),
      done: () => said.replaceChildren(notice(texts.resent)),
    });
    return el('div', { class: 'resend' }, control, said);
  }

  return {
    /** @param {string} name @param {string[]} [words] a notice: what it says, and more */
    open(name, words) {
      const [title, nodes, start] = views[name]();
      const said = nextNotice ?? (words && notice(...words));
      nextNotice = null;
      show(name, [heading(title), said, ...nodes], start.input);
    },
  };
}
