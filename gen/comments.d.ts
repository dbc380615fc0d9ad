export declare const COMMENTS: ReadonlyMap<string, string>;
