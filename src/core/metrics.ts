import { OpCode } from '../protocol/op-code.ts'
import { Counter, LabelledSet, PercentileSummary, SizeStats, Summary } from './instruments.ts'

/**
 * What is counted, declared once: every instrument with its name in Apache ZooKeeper (`mntr` puts `zk_` before it).
 *
 * Instruments are plain objects that the core, the storage and the shell record into directly
 * (`metrics.staleSessionsExpired.add(1)`); recording allocates nothing. Reading, ordering and printing is the business of
 * `admin/metrics/`. Values with "Ms" in their docstring are whole milliseconds.
 *
 * Kinds, and the order in which `mntr` prints them: counter, counter set, summary (average, minimum, maximum, count, sum),
 * percentile summary (these and p50, p95, p99, p999), summary set. Inside a kind `mntr` has the order of this file, which
 * is that of a real 3.9.5 server.
 */

const counter = (name: string): Counter => new Counter(name)
const summary = (name: string): Summary => new Summary(name)
const percentiles = (name: string): PercentileSummary => new PercentileSummary(name)
const counters = (name: string): LabelledSet<Counter> => new LabelledSet('counterSet', name, counter)
const summaries = (name: string): LabelledSet<Summary> => new LabelledSet('summarySet', name, summary)
const percentileSets = (name: string): LabelledSet<PercentileSummary> =>
  new LabelledSet('percentileSummarySet', name, percentiles)

/** All instruments of one server. Names in quotes are Apache's. */
export type Metrics = Readonly<ReturnType<typeof createMetrics>>

export function createMetrics() {
  return {
    // ---- counters
    /** Bytes of notifications written to clients. */
    watchBytes: counter('watch_bytes'),
    /** Stale requests dropped when they left the throttle. */
    staleRequestsDropped: counter('stale_requests_dropped'),
    /** Requests answered THROTTLEDOP. */
    throttledOps: counter('throttled_ops'),
    /** Plain-text connections to the admin port. */
    insecureAdminCount: counter('insecure_admin_count'),
    /** New connections refused by the token bucket. */
    connectionRejected: counter('connection_rejected'),
    /** Connections closed because no session was opened in time. */
    sessionlessConnectionsExpired: counter('sessionless_connections_expired'),
    /** Always 0: there is no queue of dead watchers here. */
    deadWatchersQueued: counter('dead_watchers_queued'),
    /** Requests found stale. */
    staleRequests: counter('stale_requests'),
    /** Connections lost or closed by the server. */
    connectionDropCount: counter('connection_drop_count'),
    /** getData replies taken from the cache of encoded replies. */
    responsePacketCacheHits: counter('response_packet_cache_hits'),
    /** Bytes read from clients. */
    bytesReceivedCount: counter('bytes_received_count'),
    /** Always 0, as `deadWatchersQueued`. */
    addDeadWatcherStallTime: counter('add_dead_watcher_stall_time'),
    /** Requests that had to wait in the throttle. */
    requestThrottleWaitCount: counter('request_throttle_wait_count'),
    /** Always 0: there is no separate commit processor to bypass. */
    requestsNotForwardedToCommitProcessor: counter('requests_not_forwarded_to_commit_processor'),
    responsePacketCacheMisses: counter('response_packet_cache_misses'),
    /** Requests taken for preparation (writes, syncs, session requests). */
    prepProcessorRequestQueued: counter('prep_processor_request_queued'),
    /** Replies that could not be delivered because their connection was gone. */
    staleReplies: counter('stale_replies'),
    /** Bytes of replies written to clients. */
    responseBytes: counter('response_bytes'),
    ensembleAuthFail: counter('ensemble_auth_fail'),
    /** Learners brought up by DIFF. */
    diffCount: counter('diff_count'),
    /** Sessions resumed on a new connection. */
    connectionRevalidateCount: counter('connection_revalidate_count'),
    quitLeadingDueToDisloyalVoter: counter('quit_leading_due_to_disloyal_voter'),
    /** Errors that stop the server. */
    unrecoverableErrorCount: counter('unrecoverable_error_count'),
    /** TLS handshakes that failed. */
    unsuccessfulHandshake: counter('unsuccessful_handshake'),
    /** Transactions committed by a leader. */
    commitCount: counter('commit_count'),
    /** Changes entered over the tree by preparation, and taken out when applied. */
    outstandingChangesQueued: counter('outstanding_changes_queued'),
    /** Commits handed to the part that applies them, on quorum members. */
    requestCommitQueued: counter('request_commit_queued'),
    ensembleAuthSkip: counter('ensemble_auth_skip'),
    /** Always 0. */
    skipLearnerRequestToNextProcessorCount: counter('skip_learner_request_to_next_processor_count'),
    /** Proposals sent by a leader. */
    proposalCount: counter('proposal_count'),
    /** Requests refused for their size. */
    largeRequestsRejected: counter('large_requests_rejected'),
    outstandingChangesRemoved: counter('outstanding_changes_removed'),
    restoreErrorCount: counter('restore_error_count'),
    /** Connections closed because the server was not serving. */
    cnxnClosedWithoutZkServerRunning: counter('cnxn_closed_without_zk_server_running'),
    /** Times that this peer began to look for a leader. */
    lookingCount: counter('looking_count'),
    snapshotRateLimitedCount: counter('snapshot_rate_limited_count'),
    learnerProposalReceivedCount: counter('learner_proposal_received_count'),
    /** Transactions after which the tree's digest was not the stated one. */
    digestMismatchesCount: counter('digest_mismatches_count'),
    /** Always 0, as `deadWatchersQueued`. */
    deadWatchersCleared: counter('dead_watchers_cleared'),
    ensembleAuthSuccess: counter('ensemble_auth_success'),
    learnerCommitReceivedCount: counter('learner_commit_received_count'),
    snapshotErrorCount: counter('snapshot_error_count'),
    /** Connect requests. */
    connectionRequestCount: counter('connection_request_count'),
    responsePacketGetChildrenCacheMisses: counter('response_packet_get_children_cache_misses'),
    /** Learners brought up by SNAP. */
    snapCount: counter('snap_count'),
    /** Sessions expired. */
    staleSessionsExpired: counter('stale_sessions_expired'),
    restoreRateLimitedCount: counter('restore_rate_limited_count'),
    responsePacketGetChildrenCacheHits: counter('response_packet_get_children_cache_hits'),
    /** Transactions handed to the log. */
    syncProcessorRequestQueued: counter('sync_processor_request_queued'),
    tlsHandshakeExceeded: counter('tls_handshake_exceeded'),
    /** Sessions that a leader revalidated for learners. */
    revalidateCount: counter('revalidate_count'),
    // 3.10:
    ttlNodeDeletedCount: counter('ttl_node_deleted_count'),
    ttlNodeCreatedCount: counter('ttl_node_created_count'),
    /** Requests of all kinds below. */
    opCountTotal: counter('op_count_total'),
    opCountAddWatch: counter('op_count_add_watch'),
    opCountCheck: counter('op_count_check'),
    opCountCheckWatches: counter('op_count_check_watches'),
    opCountCloseSession: counter('op_count_close_session'),
    opCountCreate: counter('op_count_create'),
    opCountCreateSession: counter('op_count_create_session'),
    opCountDelete: counter('op_count_delete'),
    opCountExists: counter('op_count_exists'),
    opCountGetAcl: counter('op_count_get_acl'),
    opCountGetAllChildrenNumber: counter('op_count_get_all_children_number'),
    opCountGetChildren: counter('op_count_get_children'),
    opCountGetData: counter('op_count_get_data'),
    opCountGetEphemerals: counter('op_count_get_ephemerals'),
    opCountMulti: counter('op_count_multi'),
    opCountMultiRead: counter('op_count_multi_read'),
    opCountPing: counter('op_count_ping'),
    opCountReconfig: counter('op_count_reconfig'),
    opCountRemoveWatches: counter('op_count_remove_watches'),
    opCountSetAcl: counter('op_count_set_acl'),
    opCountSetData: counter('op_count_set_data'),
    opCountSetWatches: counter('op_count_set_watches'),
    opCountSync: counter('op_count_sync'),
    opCountWhoAmI: counter('op_count_who_am_i'),
    /** Ours: how often writes began to wait for room on the disk. */
    diskFullCount: counter('disk_full_count'),
    /** Ours: requests whose traces a collector has taken, and those whose traces are lost. */
    tracedRequests: counter('tracing_requests_exported'),
    untracedRequests: counter('tracing_requests_dropped'),

    // ---- counter sets
    /** Writes refused by a hard quota, by the first name of the path. */
    quotaExceededErrorPerNamespace: counters('quota_exceeded_error_per_namespace'),
    /** Ours: requests that had to wait, by the name of their `prefixLimit`. */
    prefixDelayedRequests: counters('prefix_delayed_requests'),
    /** Ours: writes that were refused by the limit on znodes or bytes of a `prefixLimit`, by its name. */
    prefixRefusedWrites: counters('prefix_refused_writes'),

    // ---- summaries
    /** Ms to close a client's socket. */
    socketClosingTime: summary('socket_closing_time'),
    /** Ms from the end of preparation to the hand-over to the log and the peers. */
    proposalProcessTime: summary('proposal_process_time'),
    leaderUnavailableTime: summary('leader_unavailable_time'),
    /** Watches fired at one creation; the next three: at one deletion, change of data, change of children. */
    nodeCreatedWatchCount: summary('node_created_watch_count'),
    /** In an ensemble: sessions whose waiting reads were answered after one commit, 1 or 0. */
    sessionQueuesDrained: summary('session_queues_drained'),
    /** Writes that wait for their commit. */
    writeCommitProcReqQueued: summary('write_commit_proc_req_queued'),
    /** Tokens missing from the bucket at a connect request. */
    connectionTokenDeficit: summary('connection_token_deficit'),
    /** Reads that wait behind a write of their session. */
    readCommitProcReqQueued: summary('read_commit_proc_req_queued'),
    nodeDeletedWatchCount: summary('node_deleted_watch_count'),
    /** Ms to replay the log at start. */
    startupTxnsLoadTime: summary('startup_txns_load_time'),
    /** Transactions that wait for the log. */
    syncProcessorQueueSize: summary('sync_processor_queue_size'),
    followerSyncTime: summary('follower_sync_time'),
    /** Requests that wait for preparation. */
    prepProcessorQueueSize: summary('prep_processor_queue_size'),
    /** Ms of one sync of the log. */
    fsyncTime: summary('fsynctime'),
    inflightSnapCount: summary('inflight_snap_count'),
    /** In an ensemble: reads answered after one commit, which had waited for it. */
    readsIssuedFromSessionQueue: summary('reads_issued_from_session_queue'),
    /** Ms to restore a snapshot given by the admin server. */
    restoreTime: summary('restore_time'),
    learnerRequestProcessorQueueSize: summary('learner_request_processor_queue_size'),
    /** Ms to write a snapshot. */
    snapshotTime: summary('snapshottime'),
    unavailableTime: summary('unavailable_time'),
    /** Transactions replayed at start. */
    startupTxnsLoaded: summary('startup_txns_loaded'),
    /** In an ensemble: reads that followed a write in its session's queue. */
    readsAfterWriteInSessionQueue: summary('reads_after_write_in_session_queue'),
    /** In an ensemble: requests in a session's queue when its write is committed. */
    requestsInSessionQueue: summary('requests_in_session_queue'),
    /** Writes applied in one turn. */
    writeCommitProcIssued: summary('write_commit_proc_issued'),
    /** Ms to prepare one request. */
    prepProcessTime: summary('prep_process_time'),
    /** Sessions with waiting requests. */
    pendingSessionQueueSize: summary('pending_session_queue_size'),
    /** Empty: there is no pool of readers. */
    timeWaitingEmptyPool: summary('time_waiting_empty_pool_in_commit_processor_read_ms'),
    commitProcessTime: summary('commit_process_time'),
    /** Ms to load snapshot and log at start. */
    dbInitTime: summary('dbinittime'),
    inflightDiffCount: summary('inflight_diff_count'),
    /** Empty: there is no Netty. */
    nettyQueuedBufferCapacity: summary('netty_queued_buffer_capacity'),
    electionTime: summary('election_time'),
    /** Commits that wait to be applied. */
    commitCommitProcReqQueued: summary('commit_commit_proc_req_queued'),
    /** Transactions that shared one sync. */
    syncProcessorBatchSize: summary('sync_processor_batch_size'),
    nodeChildrenWatchCount: summary('node_children_watch_count'),
    /** Ms to apply the commits of one turn. */
    writeBatchTimeInCommitProcessor: summary('write_batch_time_in_commit_processor'),
    /** Reads answered in one turn. */
    readCommitProcIssued: summary('read_commit_proc_issued'),
    concurrentRequestProcessingInCommitProcessor: summary('concurrent_request_processing_in_commit_processor'),
    observerSyncTime: summary('observer_sync_time'),
    nodeChangedWatchCount: summary('node_changed_watch_count'),
    /** Ms to write one transaction into the log's buffer. */
    syncProcessTime: summary('sync_process_time'),
    /** Ms to load the snapshot at start. */
    startupSnapLoadTime: summary('startup_snap_load_time'),

    // ---- percentile summaries
    /** Ms between reading a request and its preparation. */
    prepProcessorQueueTimeMs: percentiles('prep_processor_queue_time_ms'),
    /** Pauses of the event loop, where upstream has those of the JVM. */
    pauseTimeMs: percentiles('jvm_pause_time_ms'),
    /** Ms to prepare a closeSession. */
    closeSessionPrepTime: percentiles('close_session_prep_time'),
    readCommitprocTimeMs: percentiles('read_commitproc_time_ms'),
    /** Ms from reading a write of this server's clients to its reply. */
    updateLatency: percentiles('updatelatency'),
    localWriteCommittedTimeMs: percentiles('local_write_committed_time_ms'),
    /** Ms in the throttle. */
    requestThrottleQueueTimeMs: percentiles('request_throttle_queue_time_ms'),
    /** Ms from reading a read to its reply. */
    readLatency: percentiles('readlatency'),
    quorumAckLatency: percentiles('quorum_ack_latency'),
    omCommitProcessTimeMs: percentiles('om_commit_process_time_ms'),
    readFinalProcTimeMs: percentiles('read_final_proc_time_ms'),
    commitPropagationLatency: percentiles('commit_propagation_latency'),
    /** Empty, as `deadWatchersQueued`. */
    deadWatchersCleanerLatency: percentiles('dead_watchers_cleaner_latency'),
    writeFinalProcTimeMs: percentiles('write_final_proc_time_ms'),
    proposalAckCreationLatency: percentiles('proposal_ack_creation_latency'),
    proposalLatency: percentiles('proposal_latency'),
    omProposalProcessTimeMs: percentiles('om_proposal_process_time_ms'),
    /** Ms from handing a transaction to the log to `persisted`. */
    syncProcessorQueueAndFlushTimeMs: percentiles('sync_processor_queue_and_flush_time_ms'),
    /** Ms from the transaction's time (given by the leader) to its being applied here. */
    propagationLatency: percentiles('propagation_latency'),
    serverWriteCommittedTimeMs: percentiles('server_write_committed_time_ms'),
    /** Ms from handing a transaction to the log until the log takes it. */
    syncProcessorQueueTimeMs: percentiles('sync_processor_queue_time_ms'),
    /** Ms to flush a batch, sync included. */
    syncProcessorQueueFlushTimeMs: percentiles('sync_processor_queue_flush_time_ms'),
    /** In an ensemble: ms from reading a write, or getting it from a learner, to its commit. */
    writeCommitprocTimeMs: percentiles('write_commitproc_time_ms'),

    // ---- summary sets
    /** Packets queued for a learner, by its id. */
    learnerHandlerQpSize: summaries('learner_handler_qp_size'),
    /** Bytes of getData and getChildren replies, by the first name of the path. */
    readPerNamespace: summaries('read_per_namespace'),
    /** Bytes of data written, by the first name of the path. */
    writePerNamespace: summaries('write_per_namespace'),
    /** Ours: how long they waited. */
    prefixDelayTimeMs: summaries('prefix_delay_time_ms'),
    learnerHandlerQpTimeMs: percentileSets('learner_handler_qp_time_ms'),
    ackLatency: percentileSets('ack_latency')
  }
}

/** Figures behind `srvr` and the first lines of `mntr`. */
export type ServerStats = Readonly<ReturnType<typeof createServerStats>>

export function createServerStats() {
  return {
    /** Frames read from clients; a four-letter word and a connect request count as one each. */
    packetsReceived: counter('packets_received'),
    /** Frames written to clients, notifications too. */
    packetsSent: counter('packets_sent'),
    /** Ms from reading a client's request to its reply, of reads and writes (pings too). */
    requestLatency: summary('latency'),
    /** Bytes of one reply. */
    clientResponseSize: new SizeStats(),
    /** TLS clients whose certificate was refused. Not reset by `srst`, nor are the next three. */
    authFailedCount: counter('auth_failed_count'),
    /** Connections on a TLS port that showed no certificate, from other machines and from this one. */
    nonMtlsRemoteConnectionCount: counter('non_mtls_remote_conn_count'),
    nonMtlsLocalConnectionCount: counter('non_mtls_local_conn_count'),
    /** Commits of the log that took longer than `fsync.warningthresholdms`. */
    fsyncThresholdExceedCount: counter('fsync_threshold_exceed_count'),
    /** TLS handshakes under way: add(1) and add(-1). */
    outstandingTlsHandshakes: counter('outstanding_tls_handshake')
  }
}

/**
 * The counters `op_count_*` by request type, for whoever answers requests: `opCountTotal` and this one, once an answered
 * request. A type that is not there is only part of the total.
 */
export function operationCounters(metrics: Metrics): ReadonlyMap<OpCode, Counter> {
  return new Map([
    [OpCode.ping, metrics.opCountPing],
    [OpCode.createSession, metrics.opCountCreateSession],
    [OpCode.closeSession, metrics.opCountCloseSession],
    [OpCode.multi, metrics.opCountMulti],
    [OpCode.multiRead, metrics.opCountMultiRead],
    [OpCode.create, metrics.opCountCreate],
    [OpCode.create2, metrics.opCountCreate],
    [OpCode.createTTL, metrics.opCountCreate],
    [OpCode.createContainer, metrics.opCountCreate],
    [OpCode.delete, metrics.opCountDelete],
    [OpCode.deleteContainer, metrics.opCountDelete],
    [OpCode.setData, metrics.opCountSetData],
    [OpCode.setACL, metrics.opCountSetAcl],
    [OpCode.reconfig, metrics.opCountReconfig],
    [OpCode.sync, metrics.opCountSync],
    [OpCode.check, metrics.opCountCheck],
    [OpCode.exists, metrics.opCountExists],
    [OpCode.getData, metrics.opCountGetData],
    [OpCode.getACL, metrics.opCountGetAcl],
    [OpCode.getChildren, metrics.opCountGetChildren],
    [OpCode.getChildren2, metrics.opCountGetChildren],
    [OpCode.getAllChildrenNumber, metrics.opCountGetAllChildrenNumber],
    [OpCode.getEphemerals, metrics.opCountGetEphemerals],
    [OpCode.setWatches, metrics.opCountSetWatches],
    [OpCode.setWatches2, metrics.opCountSetWatches],
    [OpCode.addWatch, metrics.opCountAddWatch],
    [OpCode.checkWatches, metrics.opCountCheckWatches],
    [OpCode.removeWatches, metrics.opCountRemoveWatches],
    [OpCode.whoAmI, metrics.opCountWhoAmI]
  ])
}
