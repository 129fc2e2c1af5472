/** Pages without live data. */

import { mountSettings } from "./ui/settings.js";
import { mountShell } from "./ui/shell.js";

mountSettings();
mountShell(null);
