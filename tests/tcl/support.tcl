# What the test files share: tcltest, the package, and a few questions that many tests ask.

package require tcltest 2.5
namespace import -force ::tcltest::test ::tcltest::testConstraint ::tcltest::customMatch ::tcltest::cleanupTests \
    ::tcltest::makeFile ::tcltest::removeFile ::tcltest::temporaryDirectory

if {[info exists env(WICK_PACKAGE_DIR)]} {
    set packageDir [file normalize $env(WICK_PACKAGE_DIR)]
    if {$packageDir ni $auto_path} {set auto_path [linsert $auto_path 0 $packageDir]}
}
package require torch
foreach loaded [info loaded {}] {
    if {[lindex $loaded 1] eq "Torchtcl"} {set moduleFile [file normalize [lindex $loaded 0]]}
}
if {[info exists packageDir] && [file dirname $moduleFile] ne $packageDir} {
    error "package torch came from $moduleFile, not from $packageDir"
}

# AddressSanitizer keeps freed memory back, so that the size of the process says nothing.
proc mapsHave {word} {
    if {[catch {open /proc/self/maps} maps]} {return 0}
    set text [read $maps]
    close $maps
    expr {[string first $word $text] >= 0}
}
testConstraint sanitizer [mapsHave libasan]
testConstraint noSanitizer [expr {![mapsHave libasan]}]
testConstraint procFiles [file readable /proc/self/statm]
testConstraint thread [expr {![catch {package require Thread}]}]

# Dtypes by kind.
set floatingTypes {float16 bfloat16 float32 float64}
set integerTypes {uint8 int8 int16 int32 int64}
set complexTypes {complex64 complex128}
set allTypes [concat bool $integerTypes $floatingTypes $complexTypes]
proc capital {dtype} {
    string map {bool Bool uint UInt int Int bfloat BFloat float Float complex Complex} $dtype
}

# A tensor's elements; of a complex one the real parts.
proc elements {t} {
    if {[string match Complex* [torch::tensor_dtype $t]]} {set t [torch::tensor_to $t cpu float64]}
    torch::tensor_to_list $t
}
# A tensor's shape and elements.
proc contents {t} {list [torch::tensor_shape $t] [torch::tensor_to_list $t]}

# The message and the errorCode of a script that has to fail.
proc failure {script} {
    if {![catch {uplevel 1 $script} message options]} {return "no error"}
    list $message [dict get $options -errorcode]
}
proc message {script} {lindex [uplevel 1 [list failure $script]] 0}
# The line that errorInfo adds between parentheses.
proc failureDetail {script} {
    if {![catch {uplevel 1 $script} message options]} {return "no error"}
    if {![regexp {\n    \(([^\n]*)\)} [dict get $options -errorinfo] -> detail]} {return "no detail"}
    return $detail
}

# A tensor's name as a text of its own. (A lone "$t" is the value of t itself, not a text made of it.)
proc name {t} {string range x$t 1 end}

# Runs a script as the body of a procedure without arguments, and answers how many names of tensors came up while it ran
# and how many live tensors it left behind. An error is passed on: what a script that stopped half way leaves says nothing
# of the rest. Tcl keeps the words of the last command that failed for `info errorstack`, which a further error replaces.
proc effects {script} {
    catch {error {}}
    set names [llength [torch::tensors]]
    set live [torch::tensors count]
    if {[catch {apply [list {} $script]} message]} {error $message}
    unset message
    catch {error {}}
    list [expr {[llength [torch::tensors]] - $names}] [expr {[torch::tensors count] - $live}]
}

# A new interpreter with the package.
proc child {} {
    set name [interp create]
    $name eval [list set auto_path $::auto_path]
    $name eval {
        package require torch
        proc name {t} {string range x$t 1 end}
    }
    return $name
}

# Compares lists of numbers, also nested ones, within 1e-6 relative or 1e-7 absolute.
proc near {expected actual {relative 1e-6} {absolute 1e-7}} {
    if {$expected eq $actual} {return 1}
    if {[string is double -strict $expected] && [string is double -strict $actual]} {
        if {[string match -nocase *nan* $expected$actual]} {return 0}
        if {[string match -nocase *inf* $expected$actual]} {return [expr {$expected == $actual}]}
        return [expr {abs($expected - $actual) <= $absolute + $relative * abs($expected)}]
    }
    if {[llength $expected] != [llength $actual] || [llength $expected] < 2} {return 0}
    foreach e $expected a $actual {
        if {![near $e $a $relative $absolute]} {return 0}
    }
    return 1
}
customMatch near near

# One test for each call that has to be refused: its message matches the pattern, its errorCode is one of the package's, it
# makes no name and leaves no tensor, and the interpreter goes on.
proc refused {prefix cases} {
    set n 0
    foreach {script pattern} $cases {
        test $prefix.[incr n] $script -body [list checkRefused $script $pattern] -result {}
    }
}
proc checkRefused {script pattern} {
    lassign [failure {apply [list {} $script]}] message code
    set wrong {}
    if {![string match $pattern $message]} {lappend wrong message $message}
    if {[lindex $code 0] ne "TORCH" || [llength $code] < 2} {lappend wrong code $code}
    set effects [effects [list catch $script]]
    if {$effects ne {0 0}} {lappend wrong effects $effects}
    if {[torch::tensor_to_list [torch::tensor_add [torch::ones 2] [torch::ones 2]]] ne {2.0 2.0}} {lappend wrong arithmetic}
    return $wrong
}
