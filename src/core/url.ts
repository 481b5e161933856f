/** Whether user, password, host and path of a URL can be percent-decoded. */
export function decodable({ username, password, hostname, pathname }: URL): boolean {
  try {
    [username, password, hostname, pathname].map(decodeURIComponent);
    return true;
  } catch {
    return false;
  }
}
