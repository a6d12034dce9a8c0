import type { Memory } from './session.ts';

const OPEN = 'ivs.session';
const RESUMING = 'ivs.resuming';

/** `Memory` in the browser's stores. Where the browser forbids them, nothing is remembered and nothing breaks. */
export function browserMemory(): Memory {
  return {
    wasSignedIn: () => read(() => localStorage, OPEN),
    rememberSignedIn: (value) => {
      write(() => localStorage, OPEN, value);
    },
    isResuming: () => read(() => sessionStorage, RESUMING),
    rememberResuming: (value) => {
      write(() => sessionStorage, RESUMING, value);
    },
    onForgotten(listener) {
      window.addEventListener('storage', (event) => {
        if (event.key === null || (event.key === OPEN && event.newValue === null)) listener();
      });
    },
  };
}

function read(storage: () => Storage, key: string): boolean {
  try {
    return storage().getItem(key) !== null;
  } catch {
    return false;
  }
}

function write(storage: () => Storage, key: string, value: boolean): void {
  try {
    if (value) storage().setItem(key, '1');
    else storage().removeItem(key);
  } catch {
    // Without a store, a reload signs out: the safe way round.
  }
}
