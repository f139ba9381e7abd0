// Another team's front end, as in docs/clients.md: TypeScript must accept it, and must refuse the marked mistakes.
import { useEffect, useState, useSyncExternalStore } from 'react';
import { createSession } from '../../../frontend/session.js';
import type { Session, State, User } from '../../../frontend/session.js';

const session: Session = createSession({ baseUrl: new URL('https://auth.example.com/') });
void session.refresh();

function useSession(): Readonly<State> {
  return useSyncExternalStore(session.onChange, () => session.state);
}

const nameOf = (user: User) => user.given_name || user.email;

export function App() {
  const { status, user, reason, idleWarning } = useSession();
  const [text, setText] = useState('');

  useEffect(() => {
    const abort = new AbortController();
    void session
      .fetch('me', { signal: abort.signal })
      .then((response) => (response.ok ? response.json() : null))
      .then((record: { Email: string } | null) => setText(record?.Email ?? ''));
    return () => abort.abort();
  }, [user?.sub]);

  if (status === 'signed_out') {
    return <a href={session.signInUrl({ provider: 'Okta', returnTo: location.href, remember: true })}>{reason}</a>;
  }
  if (idleWarning) return <button onClick={session.stay}>Stay</button>;
  return (
    <button onClick={() => session.signOut({ returnTo: location.href })}>
      {user === null ? 'One moment' : nameOf(user)} {text}
    </button>
  );
}

// @ts-expect-error the API's root is needed
createSession({});
// @ts-expect-error no such state
export const wrongStatus = session.state.status === 'logged_in';
// @ts-expect-error `user` is null while nobody is signed in
export const wrongUser = session.user.email;
// @ts-expect-error the state is replaced, never changed
session.state.status = 'signed_in';
// @ts-expect-error misspelt: the option would be ignored silently
session.signIn({ return_to: '/' });
// @ts-expect-error the token is private
export const token = session.token;
