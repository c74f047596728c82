/**
 * The TLS context of an endpoint, which follows its files.
 *
 *     const context = new ReloadingContext(settings.tls.quorum, { property: 'ssl.quorum', needsKey: true, isWatching: true }, log)
 *     const server = tls.createServer({ ...context.options, requestCert: true })
 *     context.onReload(() => server.setSecureContext(context.options))   // connections that are open go on as they are
 *     tls.connect({ host, port, secureContext: context.secure })         // for a client, each time
 *     context.close()
 */
import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import { type ContextContent, type ContextUse, contextFilesOf, readContextContent } from './context-options.ts'
import type { TlsEndpointSettings } from './endpoint-settings.ts'
import { FileWatch } from './file-watch.ts'
import { storeProblemText } from './problem-text.ts'
import { TlsConfigError } from './tls-config-error.ts'

/** Where it tells of itself: any logger. */
export interface ContextLog {
  info(message: string): void
  warn(message: string): void
}

export interface ReloadingContextUse extends ContextUse {
  /** The files are watched, and read again when they change. */
  readonly isWatching: boolean
}

export class ReloadingContext {
  readonly #settings: TlsEndpointSettings
  readonly #use: ReloadingContextUse
  readonly #log: ContextLog
  readonly #watch: FileWatch | null
  readonly #listeners: (() => void)[] = []
  #content: ContextContent
  #secure: SecureContext

  /** @throws TlsConfigError, one line, if it cannot be made of what the files hold now */
  constructor(settings: TlsEndpointSettings, use: ReloadingContextUse, log: ContextLog) {
    this.#settings = settings
    this.#use = use
    this.#log = log
    const watch = use.isWatching ? new FileWatch(contextFilesOf(settings), () => this.reload()) : null
    this.#watch = watch
    try {
      const { content, secure } = this.#read()
      this.#content = content
      this.#secure = secure
    } catch (error) {
      watch?.close()
      throw error
    }
  }

  /** For new connections of a client or of a server that makes its TLS sockets by itself. */
  get secure(): SecureContext {
    return this.#secure
  }

  /** For `tls.createServer`, `https.createServer` and `setSecureContext`. */
  get options(): SecureContextOptions {
    return this.#content.options
  }

  get revocationLists(): readonly Buffer[] {
    return this.#content.revocationLists
  }

  /** Calls back after the files have been read again. */
  onReload(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Reads the files again. What cannot be used is one warning, and things stay as they were. */
  reload(): void {
    const { property } = this.#use
    try {
      const { content, secure } = this.#read()
      this.#content = content
      this.#secure = secure
    } catch (error) {
      if (!(error instanceof TlsConfigError)) throw error
      this.#log.warn(`the certificates stay as they were: ${error.message}`)
      return
    }
    this.#log.info(`the stores of ${property} have changed and are read again`)
    for (const listener of this.#listeners) listener()
  }

  /** Watches no more. */
  close(): void {
    this.#watch?.close()
  }

  #read(): { readonly content: ContextContent; readonly secure: SecureContext } {
    const content = readContextContent(this.#settings, this.#use)
    try {
      const secure = createSecureContext(content.options)
      this.#warnOfExpiry(content)
      return { content, secure }
    } catch (error) {
      // A key that is too short for OpenSSL's security level, for one.
      const problem = storeProblemText(error as Error) // OpenSSL throws nothing else
      throw new TlsConfigError(`${this.#use.property}: the certificate cannot be used: ${problem}`)
    }
  }

  #warnOfExpiry({ options }: ContextContent): void {
    const certificates = Array.isArray(options.cert) ? options.cert : []
    for (const pem of certificates) {
      const { subject, validTo, validFrom } = new X509Certificate(pem)
      const name = subject.replaceAll('\n', ', ')
      if (Date.parse(validTo) < Date.now()) {
        this.#log.warn(`${this.#use.property}.keyStore: the certificate of ${name} has expired on ${validTo}`)
      } else if (Date.parse(validFrom) > Date.now()) {
        this.#log.warn(`${this.#use.property}.keyStore: the certificate of ${name} is not valid before ${validFrom}`)
      }
    }
  }
}
