/**
 * The profile's sections for name and password. If a provider manages name and password, the sections name the provider
 * instead.
 */
import { texts } from './more-texts.js';
import { el, fill } from './view.js';

/**
 * Makes a section. The section's content is made when the person first opens the section. For screen readers, the section's
 * title is the name of the section's form.
 * @param {string} id
 * @param {string} title
 * @param {(box: HTMLDetailsElement, form: typeof import('./form.js')) => HTMLElement} make
 */
function drawer(id, title, make) {
  const box = el('details', { class: 'section', ontoggle: open }, el('summary', { id }, title));
  async function open() {
    if (!box.open || box.children.length > 1) return;
    const form = await import('./form.js').catch(() => null);
    if (form && box.children.length === 1) box.append(make(box, form));
    else if (!form) box.open = false;
  }
  return box;
}

/** @param {import('./profile.js').Own} own */
export function section(own) {
  const { session, user, record, native } = own;
  /** @type {{name: string, label: string}[]} */
  const providers = record?.providers ?? [];
  const labels = providers.map(({ label }) => label).join(', ') || own.providers[user.provider] || user.provider;
  const gone = () => void session.refresh();
  const refused = { no_session: gone, session_expired: gone };
  if (user.provider !== 'COGNITO') return [el('p', { class: 'quiet' }, fill(texts.managedBy, { label: labels }))];

  const names = () => drawer('change-name', texts.changeName, (_, { field, form }) => {
    /** @param {string} name @param {string|undefined} label @param {string} autocomplete */
    const one = (name, label, autocomplete) => field({
      name, label: label ?? '', autocomplete, need: texts.needName ?? '', value: record?.[name] ?? '', maxlength: '100',
    });
    return form({
      kind: () => 'names',
      titled: 'change-name',
      fields: [one('given_name', texts.givenName, 'given-name'), one('family_name', texts.familyName, 'family-name')],
      label: texts.save ?? '',
      send: async (values) => {
        const response = await session.fetch('me', {
          method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(values),
        });
        return { response, answer: await response.json().catch(() => ({})) };
      },
      done: async () => {
        await own.reload();
        // the heading now contains the new name
        document.getElementById('title')?.focus();
      },
      refused,
    });
  });

  const password = () => drawer('change-password', texts.changePassword, (box, { accountField, badPassword, form, passwordField, reject }) => {
    const old = passwordField('current-password', { label: texts.oldPassword });
    const fresh = passwordField('new-password', { name: 'new_password' });
    const sheet = form({
      kind: () => 'sign-in',
      titled: 'change-password',
      fields: [old, fresh],
      label: texts.save ?? '',
      extra: [accountField(user.email)],
      send: (values) => session.post('auth/password', values),
      done: () => {
        sheet.replaceWith(el('p', { role: 'status' }, texts.passwordChanged));
        box.querySelector('summary')?.focus();
      },
      refused: {
        ...refused,
        invalid_credentials: () => reject(old, texts.notYours ?? ''),
        invalid_password: (answer) => badPassword(fresh, answer),
      },
    });
    return sheet;
  });

  return [
    record && (record.linked ? el('p', { class: 'quiet' }, fill(texts.managedElsewhere, { label: labels })) : names()),
    native && password(),
  ];
}
