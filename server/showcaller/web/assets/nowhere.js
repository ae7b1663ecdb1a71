/** A wrong address within an event: leads to its agenda. */

import { byId } from "./dom.js";
import { languageMenu } from "./language_menu.js";
import { address, placeOf } from "./place.js";

byId("agenda").setAttribute("href", address(placeOf().event));
document.querySelector(".bar")?.append(languageMenu());
