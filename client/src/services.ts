/** What the pages work with; one set for the whole application, another in tests. */
import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Api } from './api/http.ts';
import type { Session, SessionState } from './session/session.ts';
import type { Surroundings } from './streams/poller.ts';

export interface Services {
  api: Api;
  session: Session;
  surroundings: Surroundings;
}

export const ServicesContext = createContext<Services | undefined>(undefined);

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (!services) throw new Error('ServicesContext is missing');
  return services;
}

export function useSession(): SessionState {
  const { session } = useServices();
  return useSyncExternalStore(session.subscribe, session.getSnapshot);
}
