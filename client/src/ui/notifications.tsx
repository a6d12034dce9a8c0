import { Toast } from '@base-ui/react/toast';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '../services.ts';
import { Cross } from './icons.tsx';

export function Notifications() {
  const { t } = useTranslation();
  const { toasts } = Toast.useToastManager();
  useSessionNotices();
  return (
    <Toast.Portal>
      <Toast.Viewport className="toasts" aria-label={t('notifications.label')}>
        {toasts.map((toast) => (
          <Toast.Root key={toast.id} toast={toast} className="toast" swipeDirection={['right', 'down']}>
            <Toast.Content className="toast-content">
              <div>
                <Toast.Title className="toast-title" />
                <Toast.Description className="toast-text" />
              </div>
              <Toast.Close className="icon-button" aria-label={t('notifications.close')}>
                <Cross />
              </Toast.Close>
            </Toast.Content>
          </Toast.Root>
        ))}
      </Toast.Viewport>
    </Toast.Portal>
  );
}

/** Says why somebody is a guest who expected not to be. */
function useSessionNotices(): void {
  const { t } = useTranslation();
  const { add } = Toast.useToastManager();
  const state = useSession();
  const notice = state.kind === 'guest' ? state.notice : undefined;
  useEffect(() => {
    if (notice === undefined) return;
    add({
      id: 'session',
      title: t(`session.notice.${notice}.title`),
      description: t(`session.notice.${notice}.text`),
      priority: 'high',
      timeout: 12_000,
    });
  }, [notice, add, t]);
}
