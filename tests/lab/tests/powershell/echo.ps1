# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Answers every line of standard input with its length and itself.
while ($null -ne ($line = [Console]::In.ReadLine())) {
    [Console]::Out.WriteLine("$($line.Length):$line")
}
