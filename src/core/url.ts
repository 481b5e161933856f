/** Whether what a URL says of user, password, host and path can be percent-decoded. */
export function decodable({ username, password, hostname, pathname }: URL): boolean {
  try {
    [username, password, hostname, pathname].map(decodeURIComponent);
    return true;
  } catch {
    return false;
  }
}
