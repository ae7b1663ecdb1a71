/** A page without an event: its texts in the reader's language, and the choice of another. */

import { languageMenu } from "./language_menu.js";

document.querySelector(".bar")?.append(languageMenu());
