/** The Homebrew formula. */
import { archiveName, type Target, TARGETS } from "../targets.ts";
import { downloadUrl, PACKAGE, REPOSITORY, SUMMARY } from "./release.ts";

export const FORMULA = `${PACKAGE}.rb`;

/** @param hashes The SHA-256 hash of each archive, by its name. */
export function formula(version: string, hashes: ReadonlyMap<string, string>): string {
  const systems = [["darwin", "macos"], ["linux", "linux"]] as const;
  const processors = [["arm64", "arm"], ["x64", "intel"]] as const;
  const blocks = systems.map(([os, system]) => {
    const choices = processors.map(([cpu, processor]) => {
      const target = TARGETS.find((it) => it.os === os && it.cpu === cpu);
      return `    on_${processor} do\n${place(version, target, hashes)}    end\n`;
    });
    return `  on_${system} do\n${choices.join("")}  end\n`;
  });
  return `class AzuSessions < Formula
  desc "${SUMMARY}"
  homepage "${REPOSITORY}"
  version "${version}"
  license "MIT"

${blocks.join("\n")}
  def install
    bin.install "azu"
    man1.install Dir["man/man1/*.1"]
    bash_completion.install "completions/azu.bash" => "azu"
    zsh_completion.install "completions/_azu"
    fish_completion.install "completions/azu.fish"
  end

  test do
    assert_match "azu #{version} ", shell_output("#{bin}/azu --version")
  end
end
`;
}

function place(
  version: string,
  target: Target | undefined,
  hashes: ReadonlyMap<string, string>,
): string {
  const name = target && archiveName(version, target);
  const hash = name && hashes.get(name);
  if (!name || !hash) throw new Error(`The formula needs the hash of ${name}`);
  return `      url "${downloadUrl(version, name)}"\n      sha256 "${hash}"\n`;
}
