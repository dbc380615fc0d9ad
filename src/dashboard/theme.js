import { applyTheme } from "./frame/theme.ts";

applyTheme();
