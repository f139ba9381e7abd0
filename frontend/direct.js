/**
 * The direct sign-in, which begins with an address. The views find the address's provider, ask for password and codes, sign
 * people up, and reset passwords.
 *
 * @typedef {import('./view.js').Child} Child
 * @typedef {import('./form.js').Field} Field
 * @typedef {[title: string, nodes: Child[], start: Field]} View
 */
import {
  badPassword, codeField, emailField, field, form, link, linkButton, passkeyBox, passwordField, reject, sender,
} from './form.js';
import { texts } from './more-texts.js';
import { button, el, fill, heading, leaving, notice, show, way, waysAndBox } from './view.js';

/**
 * @param {Object} options
 * @param {ReturnType<typeof import('./session.js').createSession>} options.session
 * @param {import('./view.js').Choice} options.choice
 * @param {() => import('./view.js').Way[]} options.ways the other ways to sign in
 * @param {(name: string) => void} options.goTo shows one of the views below
 * @param {import('./app.js').Config} options.config the stage's configuration; with `discover`, the page first asks for the
 *   address
 * @param {URL} options.root
 * @param {(way: import('./session.js').SignIn) => string} options.signInUrl the session's function, which also adds the
 *   person's target
 */
export function createDirect({ session, choice, ways, goTo, config, root, signInUrl }) {
  let email = ''; // kept from one view to the next
  let mailed = ''; // the address for which a code was requested
  let password = ''; // kept for the automatic sign-in after the confirmation of the address
  /** @type {HTMLElement|null} */
  let nextNotice = null;

  session.onChange(({ user }) => {
    if (user) password = '';
  });

  /** @param {string} path @param {object} body */
  const post = (path, body) => session.post(`auth/direct/${path}`, body);
  const home = () => (config.discover && email ? 'password' : 'email');
  /** @param {string} kind @returns {(values?: {email?: string}) => string} */
  const by = (kind) => (values) => `${kind} ${(values?.email ?? email).trim().toLowerCase()}`;
  /** @param {object} [extra] */
  const signIn = (extra) => post('sign-in', { email, password, remember: choice.remember, ...extra });

  /** @param {string} [text] @param {...Node} more */
  function startOver(text, ...more) {
    nextNotice = text ? notice(text, null, 'alert') : null;
    nextNotice?.lastElementChild?.append(...more);
    goTo(home());
  }

  /**
   * Shows a link to managed login, for a step that this page does not support.
   * @param {{login_url?: string}} answer
   */
  function elsewhere({ login_url: address }) {
    const url = new URL(address ?? signInUrl({ provider: 'COGNITO', remember: choice.remember }), root);
    if (config.return_to) url.searchParams.set('return_to', config.return_to);
    const safe = /^https?:$/.test(url.protocol) ? url.href : signInUrl({ provider: 'COGNITO' });
    show('challenge', [
      heading(texts.elsewhereTitle),
      el('p', {}, texts.elsewhereLead),
      way(texts.elsewhere, 'key', safe, 'primary'),
      linkButton(texts.startOver, () => startOver()),
    ]);
  }

  /**
   * Continues after an answer. If the answer has a token, the session has begun, and the page continues by itself. Otherwise
   * the answer has a challenge.
   * @param {any} answer
   */
  async function proceed(answer) {
    if (!answer.challenge) {
      choice.byPassword = Boolean(config.passkeys);
      return;
    }
    const { showChallenge } = await import('./challenges.js');
    showChallenge({
      challenge: answer.challenge, email, proceed, elsewhere, startOver, by,
      reply: (body) => post('challenge', body),
      signIn,
      recovery: { send: (code) => post('recovery-code', { code }), signIn: signInWithoutApp },
      refuse: () => startOver(texts.refused, el('p', {}, texts.refusedMore), offers()),
    });
  }

  /**
   * Signs in after the address is confirmed or a new password is set. If this sign-in fails, the person uses the form.
   * @param {string} text
   */
  async function signInByItself(text) {
    /** @type {Partial<import('./form.js').Answered>} */
    const { response, answer } = password ? await signIn() : {};
    if (response?.ok) return proceed(answer);
    if (answer?.error === 'unsupported_challenge') return elsewhere(answer);
    nextNotice = notice(text);
    return goTo(home());
  }

  /** Signs in after a recovery code. In the next view, the person sets up another authenticator app. */
  async function signInWithoutApp() {
    history.replaceState(null, '', '#two-step');
    await signInByItself(texts.isOffTitle);
  }

  /** The hint about invitations. The page always shows the hint, so the hint does not reveal who was invited. */
  const invited = () => el('p', { class: 'quiet' }, texts.invited);
  const offers = () =>
    el('div', {},
      el('div', { class: 'links' }, link(texts.enterCode, '#code'), link(texts.resetPassword, '#forgot')), invited());

  /**
   * Asks for the address. Then asks the server whether people of the address's domain sign in at a provider or with a
   * password.
   * @returns {View}
   */
  function askAddress() {
    password = '';
    const address = emailField(email);
    const others = ways();
    const [list, box] = waysAndBox(others, choice, '');
    /** @param {import('./session.js').SignIn} target */
    const to = (target) => session.signInUrl({ ...target, remember: choice.remember, returnTo: config.return_to ?? root.pathname });
    /** @param {string} url @param {Child[]} nodes */
    const leave = (url, nodes) => {
      show('leaving', nodes);
      location.assign(url);
    };
    /** @type {HTMLElement} */
    const sheet = form({
      fields: [address],
      label: texts.goOn,
      extra: [box],
      kind: () => 'discover',
      send(values) {
        ({ email } = values);
        return session.post('auth/discover', { email });
      },
      done({ provider, direct }, say) {
        if (!sheet.isConnected) return; // the person went back in the meantime
        const url = to(provider ? { email } : { provider: 'COGNITO' });
        const embedded = config.direct_sign_in === 'embedded';
        if (provider && direct) {
          show('choose', [heading(texts.chooseTitle), el('div', { class: 'ways' },
            way(fill(texts.provider, provider), 'key', url, 'primary'),
            way(texts.email, 'mail', embedded ? '#password' : to({ provider: 'COGNITO' })))]);
        } else if (provider) leave(url, leaving({ label: provider.label, url }));
        else if (direct && embedded) goTo('password');
        else if (direct) leave(url, [heading(texts.wait), way(texts.email, 'mail', url)]);
        else {
          say(texts.nobody, texts.nobodyMore);
          address.input.focus();
        }
      },
      refused: { invalid_request: () => reject(address, texts.needAddress) },
    });
    return [
      texts.emailTitle,
      [el('p', { class: 'quiet' }, texts.discoverLead), sheet, ...orElse(others, list)],
      address,
    ];
  }

  /** @param {unknown[]} others @param {Node|string} list */
  const orElse = (others, list) => (others.length ? [el('p', { class: 'or' }, texts.or), list] : []);

  /**
   * Asks for email and password, or only for the password if the person has already entered the address.
   * @returns {View}
   */
  function askBoth() {
    password = '';
    const known = config.discover;
    const address = emailField(email);
    address.input.readOnly = known; // read-only, not hidden: password managers save the password with this address
    address.input.addEventListener('input', () => (email = address.input.value)); // for the links below
    const secret = passwordField('current-password');
    const others = known ? [] : ways();
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
      passkey(address),
      el('div', { class: 'links' },
        link(texts.forgotten, '#forgot'), config.sign_up && link(texts.signUpTitle, '#sign-up'),
        known && link(texts.otherAddress, '#email')),
      ...orElse(others, list),
    ];
    return [texts.emailTitle, nodes, email ? secret : address];
  }

  /**
   * Offers a passkey instead of the password.
   * @param {Field} address
   */
  const passkey = (address) => passkeyBox(config, ({ passkeyButton, autofill }, box) => {
    const finish = (/** @type {any} */ answer) => proceed(answer).then(() => { choice.byPassword = false; });
    box.append(passkeyButton({ post, address, choice, by, proceed: finish }));
    return autofill({ post, address, choice, proceed: finish });
  });

  /** @type {Record<string, () => View>} */
  const views = {
    email: () => (config.discover ? askAddress() : askBoth()),

    /** If this view is opened directly, the address is still unknown. Then the view for the address is shown first. */
    password: () => (config.discover && email ? askBoth() : views.email()),

    /**
     * Asks only for the address. The password is set with the mailed code, so that a stranger cannot set the password first.
     */
    'sign-up': () =>
      askForCode('sign-up', {
        title: texts.signUpTitle,
        lead: texts.signUpLead,
        label: texts.sendCode,
        next: 'code',
        refused: {
          sign_up_refused: (_, say) => say(texts.errors.sign_up_refused.what, texts.errors.sign_up_refused.help),
        },
      }),

    forgot: () =>
      askForCode('forgot-password', {
        title: texts.forgotTitle, lead: texts.forgotLead, label: texts.sendCode, next: 'reset',
      }),

    code: () =>
      prove('code', {
        path: 'confirm',
        title: texts.codeTitle,
        untold: texts.enterCode, // the title if the page has not requested a code
        done: texts.confirmed,
        again: 'resend-code',
        fields: [
          field({
            name: 'given_name', label: texts.givenName, need: texts.needName, autocomplete: 'given-name', maxlength: '100',
          }),
          field({
            name: 'family_name', label: texts.familyName, need: texts.needName, autocomplete: 'family-name', maxlength: '100',
          }),
        ],
        more: [el('p', { class: 'quiet' }, texts.codeNone)],
        elsewhere: link(texts.resetPassword, '#forgot'),
      }),

    reset: () =>
      prove('reset', {
        path: 'reset-password', title: texts.resetTitle, done: texts.resetDone, again: 'forgot-password', more: [invited()],
      }),
  };

  /**
   * The first step of sign-up and reset. Asks for the address to which a code is mailed.
   * @param {string} path
   * @param {{title: string, lead: string, label: string, next: string, refused?: import('./form.js').Refused}} options
   * @returns {View}
   */
  function askForCode(path, { title, lead, label, next, refused }) {
    password = '';
    const address = emailField(email);
    const sheet = form({
      fields: [address],
      label,
      kind: by('mail'),
      send(values) {
        ({ email } = values);
        return post(path, { email });
      },
      done() {
        mailed = email;
        goTo(next);
      },
      refused,
    });
    return [
      title,
      [el('p', { class: 'quiet' }, lead), sheet, invited(), link(texts.backToSignIn, `#${home()}`)],
      address,
    ];
  }

  /**
   * The second step of sign-up and reset. The person enters the mailed code, and chooses the password.
   * @param {string} name
   * @param {{path: string, title: string, untold?: string, done: string, again: string, fields?: Field[], more?: Child[], elsewhere?: Node}} options
   * @returns {View}
   */
  function prove(name, { path, title, untold = title, done, again, fields = [], more = [], elsewhere: other }) {
    const address = emailField(email);
    const sent = Boolean(email) && mailed === email;
    address.node.hidden = sent; // kept for password managers
    const code = codeField();
    const secret = passwordField('new-password');
    const sheet = form({
      fields: [address, code, ...fields, secret],
      label: texts.savePassword,
      kind: by('code'),
      send(values) {
        ({ email, password } = values);
        return post(path, values);
      },
      done: () => signInByItself(done),
      refused: {
        invalid_code: () => reject(code, texts.wrongCode),
        invalid_password: (answer) => badPassword(secret, answer),
      },
    });
    return [
      sent ? title : untold,
      [
        el('p', { class: 'quiet' }, sent ? fill(texts.codeLead, { email }) : texts.codeAsk),
        sheet,
        resend(again, address),
        ...more,
        el('div', { class: 'links' },
          link(texts.backToSignIn, `#${home()}`), other, sent && linkButton(texts.otherAddress, () => another(name))),
      ],
      email ? code : address,
    ];
  }

  /** @param {string} name */
  function another(name) {
    email = password = mailed = '';
    goTo(name);
  }

  /** @param {string} path @param {Field} address */
  function resend(path, address) {
    const control = button(texts.resend, () => {
      if (address.check()) void act();
      else address.input.focus();
    }, 'small');
    const whom = () => address.input.value;
    const { said, act } = sender({
      control,
      kind: () => by('mail')({ email: whom() }),
      send: () => post(path, { email: whom() }),
      done: () => said.replaceChildren(notice(texts.resent)),
    });
    return el('div', { class: 'resend' }, control, said);
  }

  return {
    /** @param {string} name @param {import('./view.js').Words} [words] */
    open(name, words) {
      const [title, nodes, start] = views[name]();
      const said = nextNotice ?? (words && notice(...words));
      nextNotice = null;
      show(name, [heading(title), said, ...nodes], start.input);
    },
  };
}
