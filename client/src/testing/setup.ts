import { cleanup } from '@testing-library/react';
import { afterEach, beforeEach } from 'vitest';

// React warns about updates outside of act() unless told that this is a test.
(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

// What jsdom lacks: scrolling, and the canvas that axe would measure letters with.
window.scrollTo = () => undefined;
HTMLCanvasElement.prototype.getContext = () => null;

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  window.history.replaceState(null, '', '/');
});

afterEach(() => {
  cleanup();
});
