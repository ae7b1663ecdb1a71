/** Commands by their names: what moderators and producers do (PROTOCOL.md §6). */

/** @typedef {import("./client.js").ShowcallerClient} ShowcallerClient */

/** @param {ShowcallerClient} client */
export function moderation(client) {
  return {
    /** @param {string} question */
    approve: (question) => client.command("question.approve", { question }),

    /**
     * @param {string} question
     * @param {string} [reason] its author sees it
     */
    reject: (question, reason) =>
      client.command("question.reject", reason ? { question, reason } : { question }),

    /** Puts it on air. @param {string} question */
    push: (question) => client.command("question.push", { question }),

    /** Takes it off air again; it stays approved. @param {string} question */
    pull: (question) => client.command("question.pull", { question }),

    /** @param {string} question */
    answered: (question) => client.command("question.answered", { question }),

    /**
     * @param {string} question
     * @param {string} text empty: removes the reply
     */
    reply: (question, text) => client.command("question.reply", { question, text }),

    /** @param {string} question */
    erase: (question) => client.command("question.erase", { question }),

    /** @param {string} session */
    openQuestions: (session) => client.command("qa.open", { session }),

    /** @param {string} session */
    closeQuestions: (session) => client.command("qa.close", { session }),

    /**
     * @param {string} text
     * @param {{session?: string, at_ms?: number, to?: "audience" | "speakers"}} [options] at_ms: show time; now if left out
     */
    announce: (text, options = {}) => client.command("announcement.make", { text, ...options }),

    /** @param {string} announcement */
    cancelAnnouncement: (announcement) => client.command("announcement.cancel", { announcement }),

    /**
     * @param {string} person
     * @returns {Promise<{holds: "for_good" | "until_they_register_with_a_code" | "until_they_register_again"}>}
     */
    ban: (person) => /** @type {Promise<any>} */ (client.command("person.ban", { person })),

    /** @param {string} person */
    unban: (person) => client.command("person.unban", { person }),
  };
}

/** @param {ShowcallerClient} client */
export function production(client) {
  return {
    hold: () => client.command("clock.hold"),
    resume: () => client.command("clock.resume"),

    /** @param {string} session */
    start: (session) => client.command("session.start", { session }),

    /** @param {string} session */
    end: (session) => client.command("session.end", { session }),

    /** @param {string} session */
    skip: (session) => client.command("session.skip", { session }),

    /**
     * @param {string} session
     * @param {number} minutes negative: shortens it
     */
    extend: (session, minutes) => client.command("session.extend", { session, minutes }),

    /**
     * What `delay` would do; changes nothing.
     *
     * @param {string} session
     * @param {number} minutes
     * @returns {Promise<{revision: number, shifts: import("./types.js").Shift[]}>}
     */
    previewDelay: (session, minutes) =>
      /** @type {Promise<any>} */ (client.command("session.preview_delay", { session, minutes })),

    /**
     * Delays the session and everything after it on its stage.
     *
     * @param {string} session
     * @param {number} minutes
     * @param {number} [if_revision] refused (`stale_preview`) if the run sheet is another by now
     */
    delay: (session, minutes, if_revision) =>
      client.command("session.delay", { session, minutes, ...(if_revision !== undefined && { if_revision }) }),

    /**
     * @param {string} session
     * @param {string} publication to put on the stage; empty: the stage picks by itself
     */
    choose: (session, publication) => client.command("source.choose", { session, publication }),

    /**
     * Shuts out one token, by its `jti`, or all that a person has until now.
     *
     * @param {{token: string} | {person: string}} what
     */
    revoke: (what) => client.command("token.revoke", what),

    /** @param {string} control */
    undo: (control) => client.command("control.undo", { control }),
  };
}
