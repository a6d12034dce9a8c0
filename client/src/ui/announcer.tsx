/** Says changes of the page to people who do not see them. */
export function Announcer({ children }: { children: string }) {
  return (
    <p className="visually-hidden" role="status" aria-live="polite">
      {children}
    </p>
  );
}
