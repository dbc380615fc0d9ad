import { applyTheme } from "./dom/theme.ts";

applyTheme();
