// Logged out: nothing that was typed is left in this browser.

import { forget } from "./kept.js";

forget();
