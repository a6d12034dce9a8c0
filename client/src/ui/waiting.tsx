import type { ReactNode } from 'react';

export function Waiting({ children }: { children: ReactNode }) {
  return (
    <div className="waiting" role="status">
      <span className="spinner" aria-hidden="true" />
      {children}
    </div>
  );
}
