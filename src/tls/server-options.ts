import type { Server, TlsOptions } from 'node:tls'
import type { ClientAuth } from './endpoint-settings.ts'
import type { ReloadingContext } from './reloading-context.ts'

/**
 * Options of `https.createServer` and `tls.createServer`. With `want`, whoever asks a socket whom it is from looks at its `authorized` first.
 */
export function serverOptions(context: ReloadingContext, clientAuth: ClientAuth): TlsOptions {
  return { ...context.options, requestCert: clientAuth !== 'none', rejectUnauthorized: clientAuth === 'need' }
}

/** Has a server take the context, now and whenever it has changed. Connections that are open go on as they are. */
export function followContext(server: Server, context: ReloadingContext): void {
  const follow = (): void => {
    server.setSecureContext(context.options)
    // Node.js 20 to 24 leave out `allowPartialTrustChain` there: where they keep the context is not public.
    if (Reflect.has(server, '_sharedCreds')) Reflect.set(server, '_sharedCreds', context.secure)
  }
  follow()
  context.onReload(follow)
}
