/**
 * What media workers measure, for producers: PROTOCOL.md §9. Shares are from 0 to 1; null is not known.
 *
 * @typedef {object} LayerStatistics
 * @property {string} rid empty where there is only one
 * @property {string} codec
 * @property {number} bitrate_bps
 * @property {number} frames_per_s
 * @property {number | null} keyframe_age_s
 * @property {number} lost_share
 * @property {number} packets
 * @property {number} packets_lost
 *
 * @typedef {object} SoundStatistics
 * @property {string} codec
 * @property {number} bitrate_bps
 * @property {number | null} level_dbov −127 (silence) to 0
 * @property {number} lost_share
 * @property {number} packets
 *
 * @typedef {object} PublicationStatistics
 * @property {string} publication
 * @property {string} session
 * @property {string} person
 * @property {string} source
 * @property {string[]} on_stage stages that show it now
 * @property {boolean} live connected
 * @property {number} silent_s
 * @property {number | null} rtt_ms
 * @property {LayerStatistics[]} layers the best first
 * @property {SoundStatistics | null} sound
 * @property {number} keyframe_requests
 * @property {string[]} problems
 *
 * @typedef {object} StageStatistics
 * @property {string} stage
 * @property {string} session
 * @property {string} publication on the stage now
 * @property {number} viewers
 * @property {number} packets_sent
 * @property {number} bytes_sent
 * @property {number} packets_lost
 * @property {number} lost_share
 * @property {number | null} rtt_ms_p50
 * @property {number | null} rtt_ms_p99
 * @property {number} nacks
 * @property {number} retransmitted
 * @property {number} keyframe_requests
 * @property {number} freezes
 * @property {number} freeze_s
 * @property {number} splices
 * @property {number | null} splice_wait_ms_last
 * @property {Record<string, number>} layers viewers by layer
 *
 * @typedef {object} ViewerStatistics
 * @property {string} resource
 * @property {string} person
 * @property {string} name "" if it isn't known
 * @property {string} stage
 * @property {number} connected_s
 * @property {number} packets_sent
 * @property {number} bytes_sent
 * @property {number} packets_lost
 * @property {number} lost_share
 * @property {number | null} rtt_ms
 * @property {number | null} jitter_ms
 * @property {number} nacks
 * @property {number} retransmitted
 * @property {number} keyframe_requests
 * @property {number} freezes
 * @property {string} layer
 * @property {string} asked_layer
 * @property {number | null} estimate_bps
 *
 * @typedef {object} WorkerLine
 * @property {string} worker
 * @property {string} node
 * @property {string} egress
 * @property {number} port
 * @property {number} load share of one core
 * @property {number} viewers
 *
 * @typedef {object} MediaOverview
 * @property {WorkerLine[]} workers
 * @property {PublicationStatistics[]} publications
 * @property {StageStatistics[]} stages
 * @property {Refusal[]} refused publishers that were turned away within the last two minutes
 * @property {RecorderLine[]} [recorders] of nodes that record
 *
 * @typedef {object} RecorderLine
 * @property {string} node
 * @property {string[]} sessions that it records now
 * @property {number} waiting_bytes for the store
 * @property {number} failing_s since when the store takes nothing; 0: it does
 * @property {number} parts_lost
 * @property {number} restarts
 * @property {NamedGap[]} gaps the newest, the last ones last
 *
 * @typedef {object} NamedGap a time in which a source was published and not recorded
 * @property {string} session
 * @property {string} source
 * @property {string} kind `video` or `audio`
 * @property {number} from_ms server time
 * @property {number} to_ms
 * @property {string} reason `recorder`: one ended and was replaced; `storage`: the store took nothing
 *
 * @typedef {object} Refusal
 * @property {string} session
 * @property {string} person empty where no authentic token told it
 * @property {string} name
 * @property {string} code why: of PROTOCOL.md §6, `token_expired` above all
 * @property {number} times
 * @property {number} last_ms wall time of the last try
 *
 * @typedef {object} HlsAddress
 * @property {string} address of a multivariant playlist, relative to the server
 * @property {number | null} expires_at_ms server time; null: it does not
 *
 * @typedef {HlsAddress & {starts_at_ms: number, ends_at_ms: number}} ReplayAddress of what was filmed between two server times
 */

export {};
