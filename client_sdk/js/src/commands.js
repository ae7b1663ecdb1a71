/**
 * Commands by their names: what moderators and producers do (PROTOCOL.md §6). They mean the moment at which they are given,
 * so none is sent later: without a connection they reject (`ShowcallerClient.commandNow`).
 */

/**
 * @typedef {import("./client.js").ShowcallerClient} ShowcallerClient
 * @typedef {{reason?: string, minutes?: number}} Term why, and how long; until it is lifted, if left out
 */

/** @param {ShowcallerClient} client */
export function moderation(client) {
  return {
    /** @param {string} question */
    approve: (question) => client.commandNow("question.approve", { question }),

    /**
     * @param {string} question
     * @param {string} [reason] its author sees it
     */
    reject: (question, reason) =>
      client.commandNow("question.reject", reason ? { question, reason } : { question }),

    /** Back among those to review. @param {string} question */
    putBack: (question) => client.commandNow("question.return", { question }),

    /**
     * Rejects all that wait for an answer, of its author or of all who asked over the same address.
     *
     * @param {string} question
     * @param {"person" | "address"} of
     * @param {{ban?: boolean}} [options] ban: those who asked them are shut out too
     */
    rejectAll: (question, of, options = {}) =>
      client.command("question.reject_all", { question, of, ...options }),

    /** Puts it on air. @param {string} question */
    push: (question) => client.commandNow("question.push", { question }),

    /** Takes it off air again; it stays approved. @param {string} question */
    pull: (question) => client.commandNow("question.pull", { question }),

    /** @param {string} question */
    answered: (question) => client.commandNow("question.answered", { question }),

    /**
     * @param {string} question
     * @param {string} text empty: removes the reply
     */
    reply: (question, text) => client.commandNow("question.reply", { question, text }),

    /**
     * Puts it more clearly; what was asked is kept, and giving it restores it.
     *
     * @param {string} question
     * @param {string} text
     */
    clarify: (question, text) => client.commandNow("question.clarify", { question, text }),

    /**
     * @param {string} question
     * @param {string} label
     * @param {boolean} [on] false: takes it off
     */
    label: (question, label, on = true) => client.commandNow("question.label", { question, label, on }),

    /**
     * Has it stand before all others.
     *
     * @param {string} question
     * @param {boolean} [on]
     */
    pin: (question, on = true) => client.commandNow("question.pin", { question, on }),

    /**
     * Shows it to the session's speakers.
     *
     * @param {string} question
     * @param {boolean} [on]
     */
    send: (question, on = true) => client.commandNow("question.send", { question, on }),

    /**
     * Takes it in hand for two minutes, or for two more; refused (`claimed`) while another one has it.
     *
     * @param {string} question
     * @param {{take_over?: boolean}} [options]
     * @returns {Promise<{until_ms: number | null}>}
     */
    claim: (question, options = {}) => /** @type {Promise<any>} */ (client.commandNow("question.claim", { question, ...options })),

    /** Lets go of it. @param {string} question */
    release: (question) => client.commandNow("question.release", { question }),

    /**
     * Has it count for another one that says the same.
     *
     * @param {string} question
     * @param {string} into
     */
    merge: (question, into) => client.commandNow("question.merge", { question, into }),

    /** Has it count for itself again. @param {string} question */
    unmerge: (question) => client.commandNow("question.unmerge", { question }),

    /** @param {string} question */
    erase: (question) => client.commandNow("question.erase", { question }),

    /**
     * @param {string} session
     * @param {import("./types.js").PollDraft} draft
     * @returns {Promise<{poll: string}>}
     */
    makePoll: (session, draft) => /** @type {Promise<any>} */ (client.commandNow("poll.make", { session, draft })),

    /**
     * @param {string} poll
     * @param {import("./types.js").PollDraft} draft
     */
    editPoll: (poll, draft) => client.commandNow("poll.edit", { poll, draft }),

    /**
     * @param {string} poll
     * @param {import("./types.js").PollPlan | null} plan null: it waits for a hand again
     */
    planPoll: (poll, plan) => client.commandNow("poll.plan", { poll, plan }),

    /** @param {string} poll */
    openPoll: (poll) => client.commandNow("poll.open", { poll }),

    /** @param {string} poll */
    closePoll: (poll) => client.commandNow("poll.close", { poll }),

    /**
     * Shows everybody how people voted, or hides it.
     *
     * @param {string} poll
     * @param {boolean} on
     */
    showResults: (poll, on) => client.commandNow("poll.show", { poll, on }),

    /**
     * Takes a word out of a word cloud, or puts it back.
     *
     * @param {string} poll
     * @param {string} word
     * @param {boolean} on
     */
    hideWord: (poll, word, on) => client.commandNow("poll.hide_word", { poll, word, on }),

    /** With all its votes. @param {string} poll */
    deletePoll: (poll) => client.commandNow("poll.delete", { poll }),

    /**
     * @param {string} session
     * @param {string} message
     * @param {{all_of_author?: boolean}} [options] all_of_author: all that its author said there
     */
    deleteMessage: (session, message, options = {}) => client.commandNow("chat.delete", { session, message, ...options }),

    /**
     * Has everybody wait so long between two messages of a chat.
     *
     * @param {string} session
     * @param {number} seconds 0: no longer than elsewhere
     */
    slowChat: (session, seconds) => client.commandNow("chat.slow", { session, seconds }),

    /**
     * @param {string} session
     * @param {boolean} on
     */
    switchChat: (session, on) => client.commandNow(on ? "chat.open" : "chat.close", { session }),

    /** @param {string} session */
    openQuestions: (session) => client.commandNow("qa.open", { session }),

    /** @param {string} session */
    closeQuestions: (session) => client.commandNow("qa.close", { session }),

    /**
     * @param {string} text
     * @param {{session?: string, at_ms?: number, to?: "audience" | "speakers"}} [options] at_ms: show time; now if left out
     */
    announce: (text, options = {}) => client.commandNow("announcement.make", { text, ...options }),

    /** @param {string} announcement */
    cancelAnnouncement: (announcement) => client.commandNow("announcement.cancel", { announcement }),

    /**
     * @param {string} person
     * @param {Term} [term]
     * @returns {Promise<{holds: "for_good" | "until_they_register_with_a_code" | "until_they_register_again"}>}
     */
    ban: (person, term = {}) => /** @type {Promise<any>} */ (client.commandNow("person.ban", { person, ...term })),

    /**
     * Keeps somebody from asking; they may watch and vote, and see the reason.
     *
     * @param {string} person
     * @param {Term} [term]
     */
    silence: (person, term = {}) => client.commandNow("person.silence", { person, ...term }),

    /** @param {string} person */
    unsilence: (person) => client.commandNow("person.unsilence", { person }),

    /** @param {string} person */
    unban: (person) => client.commandNow("person.unban", { person }),
  };
}

/** @param {ShowcallerClient} client */
export function production(client) {
  return {
    hold: () => client.commandNow("clock.hold"),
    resume: () => client.commandNow("clock.resume"),

    /** @param {string} session */
    start: (session) => client.commandNow("session.start", { session }),

    /** @param {string} session */
    end: (session) => client.commandNow("session.end", { session }),

    /** @param {string} session */
    skip: (session) => client.commandNow("session.skip", { session }),

    /** Takes back that it is over. @param {string} session */
    reopen: (session) => client.commandNow("session.reopen", { session }),

    /**
     * @param {string} session
     * @param {number} minutes negative: shortens it
     */
    extend: (session, minutes) => client.commandNow("session.extend", { session, minutes }),

    /**
     * What a control would move; changes nothing.
     *
     * @param {string} command such as "session.move"
     * @param {Record<string, any>} args its own
     * @returns {Promise<{revision: number, shifts: import("./types.js").Shift[]}>}
     */
    preview: (command, args) => /** @type {Promise<any>} */ (client.commandNow("control.preview", { command, args })),

    /**
     * Plans a session for another time or stage.
     *
     * @param {string} session
     * @param {{stage: string, starts_at_ms: number, beside?: boolean, if_revision?: number}} to `starts_at_ms`: show time
     */
    move: (session, to) => client.commandNow("session.move", { session, ...to }),

    /**
     * Has two sessions take each other's places.
     *
     * @param {string} session
     * @param {string} other
     * @param {{if_revision?: number}} [options]
     */
    swap: (session, other, options = {}) => client.commandNow("session.swap", { session, other, ...options }),

    /**
     * Calls a session off for good.
     *
     * @param {string} session
     * @param {string} note everybody is told
     * @param {{if_revision?: number}} [options]
     */
    cancel: (session, note, options = {}) => client.commandNow("session.cancel", { session, note, ...options }),

    /**
     * @param {string} session
     * @param {string} speaker
     * @param {{replacement: string} | {name: string, company?: string, role?: string}} by a speaker of the event, or somebody new
     */
    replaceSpeaker: (session, speaker, by) => client.commandNow("session.replace_speaker", { session, speaker, ...by }),

    /** Has late talks give time by the schedule's rule, or no more. @param {boolean} on */
    catchUp: (on) => client.commandNow("catch_up.set", { on }),

    /** @param {{stage: string, starts_at_ms: number, minutes: number, title?: string, if_revision?: number}} what */
    insertBreak: (what) => client.commandNow("break.insert", what),

    /**
     * What `delay` would do; changes nothing.
     *
     * @param {string} session
     * @param {number} minutes
     * @returns {Promise<{revision: number, shifts: import("./types.js").Shift[]}>}
     */
    previewDelay: (session, minutes) =>
      /** @type {Promise<any>} */ (client.commandNow("session.preview_delay", { session, minutes })),

    /**
     * Delays the session and everything after it on its stage.
     *
     * @param {string} session
     * @param {number} minutes
     * @param {number} [if_revision] refused (`stale_preview`) if the run sheet is another by now
     * @param {string} [note] why: everybody sees it
     */
    delay: (session, minutes, if_revision, note) =>
      client.commandNow("session.delay", { session, minutes, ...(if_revision !== undefined && { if_revision }), ...(note && { note }) }),

    /**
     * @param {string} session
     * @param {string} publication to put on the stage; empty: the stage picks by itself
     */
    choose: (session, publication) => client.commandNow("source.choose", { session, publication }),

    /**
     * Types an item of the check list.
     *
     * @param {string} text
     * @param {string} [session] the whole event, if left out
     * @returns {Promise<{item: string}>}
     */
    addCheck: (text, session) => /** @type {Promise<any>} */ (client.commandNow("check_list.add", { text, ...(session && { session }) })),

    /**
     * Says that an item of the check list is done, or that it is not.
     *
     * @param {string} item
     * @param {boolean} on
     */
    tick: (item, on) => client.commandNow("check_list.tick", { item, on }),

    /** Takes an item that was typed off the check list. @param {string} item */
    removeCheck: (item) => client.commandNow("check_list.remove", { item }),

    /**
     * A link for somebody without an account who speaks in the session: put the code into an address's fragment,
     * `…/speak/SESSION#code=…`. Its token can be revoked before it was used.
     *
     * @param {string} session
     * @param {number} [days] for how long it is good; a week, if left out
     * @returns {Promise<{code: string, person: string, token: string, expires_at_ms: number}>}
     */
    inviteGuest: (session, days) => /** @type {Promise<any>} */ (client.commandNow("guest.invite", { session, ...(days !== undefined && { days }) })),

    /**
     * Shuts out one token, by its `jti`, or all that a person has until now.
     *
     * @param {{token: string} | {person: string}} what
     */
    revoke: (what) => client.commandNow("token.revoke", what),

    /** @param {string} control */
    undo: (control) => client.commandNow("control.undo", { control }),
  };
}
