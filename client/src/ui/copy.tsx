import { Button } from '@base-ui/react/button';
import { Toast } from '@base-ui/react/toast';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Copy } from './icons.tsx';

/** Copies `text` and says whether it worked. */
export function CopyButton({
  text,
  what,
  children,
}: {
  text: string;
  /** Its name, as people call it. */
  what: string;
  children?: ReactNode;
}) {
  const { t } = useTranslation();
  const { add } = Toast.useToastManager();

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      add({ id: 'copy', title: t('copy.done'), description: t('copy.doneText', { what }), timeout: 3_000 });
    } catch {
      add({ id: 'copy', title: t('copy.failed'), description: t('copy.failedText'), priority: 'high' });
    }
  }

  return children === undefined ? (
    <Button
      className="button button-small"
      aria-label={t('copy.action', { what })}
      onClick={() => void copy()}
    >
      <Copy />
      {t('copy.short')}
    </Button>
  ) : (
    <Button className="button" onClick={() => void copy()}>
      {children}
    </Button>
  );
}
