/** The Homebrew formula. */
import { archiveName, targetFor } from "../targets.ts";
import { downloadUrl, type Hashes, hashOf, PACKAGE, REPOSITORY, SUMMARY } from "./release.ts";

export const FORMULA = `${PACKAGE}.rb`;

/** @throws {Error} if the hash of an archive is missing. */
export function formula(version: string, hashes: Hashes): string {
  const systems = [["darwin", "macos"], ["linux", "linux"]] as const;
  const processors = [["arm64", "arm"], ["x64", "intel"]] as const;
  const blocks = systems.map(([os, system]) => {
    const choices = processors.map(([cpu, processor]) => {
      const name = archiveName(version, targetFor(os, cpu));
      return `    on_${processor} do
      url "${downloadUrl(version, name)}"
      sha256 "${hashOf(name, hashes)}"
    end
`;
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
