# Completes azu's commands in PowerShell. Made by `azu completion powershell`.

Register-ArgumentCompleter -Native -CommandName 'azu', 'azu.exe' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # The words before the cursor, without the one that is being completed. They are not evaluated:
    # that could run a command in them.
    $words = @(
        $commandAst.CommandElements |
            Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
            ForEach-Object {
                if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
                    $_.Value
                } else {
                    $_.Extent.Text
                }
            }
    )
    $command = $words[0]
    $before = @($words | Select-Object -Skip 1)

    $kind, $lines = & $command complete "--current=$wordToComplete" '--' @before 2>$null
    if ($kind -ne 'values') { return } # PowerShell completes files itself

    foreach ($line in $lines) {
        $value, $description = $line -split "`t", 2
        if (-not $description) { $description = $value }
        $text = $value
        if ($value -match '[^\w.:=,/@%+-]') {
            # It doubles every kind of quotation mark that PowerShell takes for an apostrophe.
            $escaped = [System.Management.Automation.Language.CodeGeneration]::EscapeSingleQuotedStringContent($value)
            $text = "'$escaped'"
        }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $description)
    }
}
