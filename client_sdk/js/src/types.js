/**
 * The shapes of PROTOCOL.md as types; nothing here runs.
 *
 * @typedef {object} ErrorBody
 * @property {string} code
 * @property {string} message
 * @property {boolean} retry
 * @property {number} [retry_after_ms]
 * @property {string} [field]
 *
 * @typedef {object} Welcome
 * @property {"welcome"} op
 * @property {string} event
 * @property {string} person
 * @property {string} name
 * @property {string[]} roles
 * @property {string[]} sessions those that a speaker may publish to
 * @property {string[]} stages those that a stage manager runs
 * @property {string} epoch
 * @property {number} head
 * @property {number} now_ms
 * @property {number} heartbeat_ms
 * @property {number} expires_at_ms
 * @property {string} server
 *
 * @typedef {object} Reply
 * @property {"reply"} op
 * @property {string} id
 * @property {boolean} ok
 * @property {Record<string, any>} [result]
 * @property {ErrorBody} [error]
 *
 * @typedef {object} ErrorMessage
 * @property {"error"} op
 * @property {ErrorBody} error
 *
 * @typedef {object} Snapshot
 * @property {"snapshot"} op
 * @property {string} channel
 * @property {string} epoch
 * @property {number} offset
 * @property {Record<string, any>} items
 * @property {Record<string, number>} levels
 * @property {boolean} reset
 *
 * @typedef {object} Change
 * @property {"change"} op
 * @property {string} channel
 * @property {string} epoch
 * @property {number} offset
 * @property {number} prev
 * @property {number} at_ms
 * @property {Record<string, any>} [put]
 * @property {string[]} [remove]
 * @property {Record<string, any>[]} [events]
 * @property {number} [mark]
 *
 * @typedef {object} Levels
 * @property {"levels"} op
 * @property {string} channel
 * @property {string} epoch
 * @property {Record<string, number | null>} values
 * @property {number} mark
 *
 * @typedef {object} Heartbeat
 * @property {"heartbeat"} op
 * @property {number} now_ms
 * @property {string} epoch
 * @property {Record<string, {head: number, mark: number}>} channels
 *
 * @typedef {object} ClockAnswer
 * @property {"clock"} op
 * @property {number} t1
 * @property {number} t2
 * @property {number} t3
 *
 * @typedef {object} Drain
 * @property {"drain"} op
 * @property {number} reconnect_after_ms
 *
 * @typedef {Welcome | Reply | ErrorMessage | Snapshot | Change | Levels | Heartbeat | ClockAnswer | Drain} ServerMessage
 *
 * @typedef {object} Titled
 * @property {string} id
 * @property {string} title
 *
 * An event in a list of events; only `id` and `title` are sure to be there.
 *
 * @typedef {object} ListedEvent
 * @property {string} id
 * @property {string} title
 * @property {string} [summary]
 * @property {string} [time_zone]
 * @property {string} [time_zone_label]
 * @property {number} [starts_at_ms]
 * @property {number} [ends_at_ms]
 * @property {UtcOffset[]} [utc_offsets]
 * @property {Day[]} [days]
 * @property {Clock} [clock]
 * @property {number} [live] sessions that are on, but for breaks
 * @property {Brand} [brand]
 *
 * @typedef {object} Speaker
 * @property {string} id
 * @property {string} name
 * @property {string} company
 * @property {string} role
 * @property {string} [photo] a picture's path; empty: there is none
 * @property {boolean} [more] there is a biography or a link: `fetchSpeaker`
 *
 * How somebody may be reminded, and is.
 *
 * @typedef {object} Reminders
 * @property {string} push_key for `pushManager.subscribe`; empty: no Web Push here
 * @property {string[]} push endpoints
 * @property {boolean} mail_offered
 * @property {string} mail empty: none
 * @property {boolean} confirmed
 *
 * A speaker with all that the schedule says.
 *
 * @typedef {object} SpeakerPage
 * @property {string} id
 * @property {string} name
 * @property {string} company
 * @property {string} role
 * @property {string} photo
 * @property {string} biography paragraphs, with empty lines between them
 * @property {{title: string, url: string}[]} links
 *
 * An event's look; what is empty is not given.
 *
 * @typedef {object} Brand
 * @property {string} [light] `#rrggbb`, of the light theme
 * @property {string} [dark]
 * @property {string} [logo] a picture's path
 * @property {string} [cover]
 *
 * A span in which the event's clocks are `offset_s` seconds ahead of UTC.
 *
 * @typedef {object} UtcOffset
 * @property {number} from_ms
 * @property {number} until_ms
 * @property {number} offset_s
 *
 * @typedef {object} Day
 * @property {string} date such as "2023-12-13"
 * @property {number} starts_at_ms
 * @property {number} ends_at_ms
 *
 * @typedef {object} Event
 * @property {string} id
 * @property {string} title
 * @property {string} summary
 * @property {string} time_zone IANA name
 * @property {string} time_zone_label how people write it, such as "PT"
 * @property {number} starts_at_ms
 * @property {number} ends_at_ms
 * @property {UtcOffset[]} utc_offsets of its zone, from two years before the event to two years after it
 * @property {Day[]} days by their starts
 * @property {Titled[]} themes
 * @property {Titled[]} stages
 * @property {Speaker[]} speakers
 * @property {Brand} [brand]
 * @property {"count" | "names"} [people] what everybody is told of who is in a session
 * @property {Consent[]} [consents] what people are asked to agree to when they register
 * @property {{text: string, links: {title: string, url: string}[]}} [ending] the organiser's words once it is over
 * @property {{min_minutes: number, min_percent: number, title: string, text: string} | null} [certificate] what a certificate of attendance takes
 *
 * @typedef {object} OwnCertificate
 * @property {"to_come" | "earned" | "missed"} state
 * @property {number} minutes attended, of those in which something was on
 * @property {number} of_minutes
 * @property {number} min_minutes what it takes; 0: a share
 * @property {number} min_percent
 * @property {string} code "": not earned
 *
 * @typedef {object} Certified
 * @property {string} name
 * @property {number} minutes
 * @property {number} of_minutes
 * @property {number} issued_ms
 *
 * @typedef {object} Consent
 * @property {string} id
 * @property {string} text
 * @property {string} version
 * @property {boolean} required
 * @property {string} url "": there is no more of it
 *
 * @typedef {object} Clock
 * @property {string} run
 * @property {"live" | "rehearsal"} mode
 * @property {number} rate
 * @property {boolean} held
 * @property {number} wall_ms
 * @property {number} show_ms
 *
 * @typedef {"upcoming" | "doors_open" | "live" | "overrunning" | "ended" | "skipped"} SessionState
 *
 * @typedef {object} Span
 * @property {number} start_ms
 * @property {number} end_ms
 *
 * @typedef {object} Session
 * @property {string} id
 * @property {string} title
 * @property {string} abstract
 * @property {string} [language] a tag such as `pt-BR`; empty: the schedule does not say
 * @property {"talk" | "opening" | "break" | "closing"} kind
 * @property {string} stage
 * @property {string | null} theme
 * @property {string[]} speakers
 * @property {string | null} day the date of the event's day to which it belongs
 * @property {SessionState} state
 * @property {Span} scheduled
 * @property {Span} expected
 * @property {{start_ms: number | null, end_ms: number | null}} actual
 * @property {number} delayed_min
 * @property {string | null} waiting_for
 * @property {"open" | "closed" | "off"} qa
 * @property {boolean} pre_moderated
 * @property {boolean} on_air
 * @property {boolean} [face] somebody is heard beside slides, and may be watched there
 * @property {number} doors_open_ms
 * @property {"no" | "yes" | "ask"} [record] whether it is to be recorded; `ask`: of each speaker, who agrees first
 * @property {boolean} [recorded] it is being recorded now
 * @property {boolean} [replay] it has ended, and was recorded
 * @property {boolean} [feedback] it may be rated once it is over
 * @property {string[]} [captions] the languages in which what is said is written down: channels `session/{id}/captions/{language}`
 * @property {boolean} [chat] there is a chat beside it: channel `session/{id}/chat`
 * @property {Span} planned as scheduled, unless a producer moved it
 * @property {string} scheduled_stage
 * @property {string} note why it was delayed or cancelled; empty: nobody said
 * @property {number} [shortened_min] by how much its end was brought forward to catch up
 *
 * @typedef {object} Caption
 * @property {string} id
 * @property {string} text
 * @property {number} from_ms server time
 * @property {number} to_ms
 *
 * @typedef {object} OwnConsent whether one has agreed to be recorded in a session
 * @property {boolean} agreed
 *
 * @typedef {object} OwnRating
 * @property {number} stars
 * @property {string} comment
 *
 * @typedef {object} FeedbackComment
 * @property {string} id
 * @property {number} stars
 * @property {string} text
 * @property {number} said_ms
 *
 * @typedef {object} SessionFeedback
 * @property {string} session
 * @property {string} title
 * @property {number} ratings
 * @property {number | null} mean null: nobody has rated it
 * @property {number[]} stars how many gave one star, two…
 * @property {{stars: number, text: string, said_ms: number}[]} comments the newest last
 *
 * @typedef {object} ChatRoom
 * @property {boolean} open
 * @property {number} slow_s so long everybody but speakers and staff waits between two messages
 *
 * @typedef {object} ChatMessage
 * @property {string} id
 * @property {string} author
 * @property {string} text
 * @property {number} said_ms
 * @property {"" | "speaker" | "staff"} badge
 * @property {string} [person] for moderators
 *
 * @typedef {object} StageState
 * @property {string} id
 * @property {string} title
 * @property {string | null} session
 * @property {number} generation
 *
 * @typedef {object} Question
 * @property {string} id
 * @property {string} text
 * @property {string | null} author
 * @property {"approved" | "on_air" | "answered"} state
 * @property {number} asked_ms
 * @property {string | null} reply
 * @property {number} [merged] how many others that say the same count with it
 * @property {boolean} [pinned] it stands before the others
 * @property {boolean} [clarified] a moderator has put it more clearly
 * @property {[number, number | null][]} [aired] on air from and until, in server time; null: still
 * @property {number | null} [answered_ms] server time
 *
 * @typedef {"pending" | "approved" | "rejected" | "on_air" | "answered" | "withdrawn"} QuestionState
 *
 * @typedef {object} ModeratedQuestion
 * @property {string} id
 * @property {string} session
 * @property {string} text
 * @property {string} author
 * @property {string} person
 * @property {boolean} anonymous
 * @property {QuestionState} state
 * @property {number} asked_ms
 * @property {boolean} edited
 * @property {string | null} reply
 * @property {string | null} reason
 * @property {string | null} [merged_into] the question that it counts for
 * @property {string | null} [original] as it was asked, if it was put more clearly
 * @property {string[]} [labels]
 * @property {boolean} [pinned]
 * @property {boolean} [sent] to the session's speakers
 * @property {{person: string, name: string, until_ms: number} | null} [claim] who has it in hand, or had it last
 *
 * @typedef {object} OwnQuestion
 * @property {string} id
 * @property {string} session
 * @property {string} text
 * @property {boolean} anonymous
 * @property {QuestionState} state
 * @property {number} asked_ms
 * @property {string | null} reply
 * @property {string | null} reason
 * @property {string | null} [merged_into] the question that it counts for, whose state and reply these are; "": one that is not public
 * @property {string | null} [original] as it was asked, if it was put more clearly
 *
 * @typedef {object} SentQuestion
 * @property {string} id
 * @property {string} text
 * @property {string | null} author
 * @property {QuestionState} state
 * @property {number} asked_ms
 *
 * @typedef {"single" | "multiple" | "rating" | "ranking" | "words" | "quiz"} PollKind
 *
 * @typedef {object} Poll
 * @property {string} id
 * @property {PollKind} kind
 * @property {string} text
 * @property {string[]} options of a rating its steps, the lowest first; of a word cloud none
 * @property {number} most so many options, or words, can be chosen
 * @property {boolean} anonymous
 * @property {"open" | "closed"} state
 * @property {boolean} results everybody may see how people voted
 * @property {number[] | null} right of a quiz that is closed and whose results are shown
 * @property {number | null} opened_ms
 * @property {number | null} ends_ms show time at which its timer ends
 * @property {number | null} closed_ms
 * @property {number | null} shown_ms
 *
 * @typedef {object} PollDraft
 * @property {PollKind} kind
 * @property {string} text
 * @property {string[]} [options]
 * @property {number} [most] 0: as many as there are
 * @property {boolean} [anonymous]
 * @property {"live" | "closed" | "by_hand"} [results] when everybody sees how people vote
 * @property {number[]} [right] of a quiz, by their places
 * @property {number} [timer_s] seconds of show time; 0: none
 *
 * @typedef {object} PollPlan so many minutes after that, or before it, the clock opens a poll
 * @property {"doors_open" | "started" | "ended"} anchor
 * @property {number} minutes
 *
 * @typedef {object} DeskPoll
 * @property {string} id
 * @property {string} session
 * @property {Required<PollDraft>} draft
 * @property {"draft" | "open" | "closed"} state
 * @property {PollPlan | null} plan
 * @property {boolean} results
 * @property {number} made_ms
 * @property {number | null} opened_ms
 * @property {number | null} ends_ms show time
 * @property {number | null} closed_ms
 * @property {string[]} hidden words of a word cloud that nobody is to see
 *
 * @typedef {object} OwnPollVote
 * @property {number[]} [options] by their places; of a ranking the best first
 * @property {string[]} [words]
 *
 * @typedef {object} Announcement
 * @property {string} id
 * @property {string} text
 * @property {string | null} session
 * @property {number | null} at_ms show time it was planned for
 * @property {number | null} called_ms wall time
 * @property {string} by
 * @property {"audience" | "speakers"} [to]
 *
 * @typedef {Announcement & {withdrawn: boolean}} DeskAnnouncement
 *
 * @typedef {object} BannedPerson banned or silenced
 * @property {string} person
 * @property {string} name
 * @property {string} [reason]
 * @property {number | null} [until_ms]
 *
 * @typedef {object} CueState
 * @property {string} session
 * @property {string} cue
 * @property {number | null} due_ms show time
 * @property {number | null} called_ms wall time
 * @property {number} late_ms
 * @property {boolean} dropped
 * @property {number} revision
 *
 * @typedef {object} Control
 * @property {string} id
 * @property {"start" | "end" | "extend" | "delay" | "skip" | "reopen" | "source" | "move" | "swap" | "cancel" | "speaker" | "break"} name
 * @property {string} session
 * @property {number | null} minutes
 * @property {number} at_ms
 * @property {string} by
 * @property {boolean} undoable
 * @property {string | null} other the session that it was swapped with
 *
 * @typedef {object} Offer an edited schedule that a producer may accept
 * @property {string} id
 * @property {{session: string, title: string, what: "new" | "vanished" | "moved" | "changed", before_ms: number | null, after_ms: number | null}[]} differences
 * @property {number} more
 * @property {boolean} elsewhere
 *
 * @typedef {object} CatchUp the schedule's rule of catching up
 * @property {boolean} on whether it holds now
 * @property {number} talks_give_min
 * @property {number} talks_keep_min
 *
 * @typedef {object} Publication
 * @property {string} session
 * @property {string} person
 * @property {string} name of the person
 * @property {"main" | "slides" | "spare"} source
 * @property {boolean} chosen a producer put it on the stage
 * @property {boolean} heard the audience hears it
 *
 * @typedef {object} OwnPublication
 * @property {string} session
 * @property {"main" | "slides" | "spare"} source
 * @property {boolean} on_stage the audience sees it
 * @property {boolean} heard the audience hears it, as it does while slides are shown
 *
 * @typedef {object} TalkQuality
 * @property {number} viewers
 * @property {number} viewer_s seconds of watching, all together
 * @property {number} most_viewers at one time
 * @property {number | null} first_picture_ms_p50
 * @property {number | null} first_picture_ms_p99
 * @property {number} packets_sent
 * @property {number} bytes_sent
 * @property {number} packets_lost
 * @property {number} retransmitted
 * @property {number} keyframe_requests
 * @property {number | null} rtt_ms_p50
 * @property {number | null} rtt_ms_p99
 * @property {number} freezes
 * @property {number} freeze_s
 * @property {number} splices
 * @property {number | null} splice_wait_ms_worst
 * @property {Record<string, number>} layer_s seconds of watching by layer
 *
 * @typedef {object} CueEvent
 * @property {"cue"} type
 * @property {string} session
 * @property {string} stage
 * @property {string} cue
 * @property {number} due_ms server time
 * @property {number} late_ms
 *
 * @typedef {object} AnnouncementEvent
 * @property {"announcement"} type
 * @property {string} id
 * @property {string} text
 * @property {string | null} session
 *
 * @typedef {object} Shift
 * @property {string} session
 * @property {number} before_ms
 * @property {number} after_ms
 * @property {number} before_end_ms
 * @property {number} after_end_ms
 * @property {string} before_stage
 * @property {string} after_stage
 *
 * @typedef {object} KnownToken a token of the staff's that was used, or one that somebody was given
 * @property {string} token its `jti`
 * @property {string} person
 * @property {string} name
 * @property {string[]} roles
 * @property {string[]} sessions that a speaker may publish to
 * @property {string[]} stages that a stage manager runs
 * @property {number} seen_ms its first use
 * @property {number} expires_at_ms
 * @property {boolean} revoked
 *
 * @typedef {object} Guest a link for a guest that nobody has used yet
 * @property {string} token its `jti`
 * @property {string} person
 * @property {string} session that they are to speak in
 * @property {string} by who made it
 * @property {number} invited_ms
 * @property {number} expires_at_ms
 *
 * @typedef {object} AuditEntry
 * @property {number} at_ms
 * @property {string} what
 * @property {string} [code] why it was refused
 * @property {number} [count] 1 if left out
 * @property {string} [person]
 * @property {string} [by] who did it
 * @property {string} [token] its `jti`
 * @property {string[]} [roles]
 * @property {string} [address]
 * @property {number} [addresses] how many, where there were several
 *
 * @typedef {object} Check an item of the producer's check list
 * @property {string} id
 * @property {string} text
 * @property {string | null} session the whole event, if it is null
 * @property {number} place in the order of all
 * @property {boolean} typed not from the schedule
 * @property {{by: string, at_ms: number} | null} ticked by whom, and when (wall time)
 *
 * @typedef {object} HistoryEntry one act of somebody's on the staff
 * @property {number} offset its place in the log
 * @property {number} at_ms
 * @property {string} what a fact's name, such as `session.delayed`
 * @property {string} by
 * @property {string} name of who did it; "" if it is not known
 * @property {string | null} session
 * @property {string} title the session's
 * @property {string} kind of what it was done to, such as `question`; "" for the session or the event
 * @property {string} subject its id
 * @property {string} about its text or name, as it is now
 * @property {Record<string, any>} details what else it said
 * @property {string} refused the code of its refusal: it changed nothing
 *
 * @typedef {object} Grant what a registration or a new token answers
 * @property {string} token
 * @property {string} person
 * @property {string} name
 * @property {string[]} roles
 * @property {number} expires_at_ms
 */

export {};
