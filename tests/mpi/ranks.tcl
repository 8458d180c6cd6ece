# For scripts that run on every rank: checks, whose outcome goes into a report, and tensors with known values.
package require torch

set rank [torch::get_rank]
set size [torch::get_world_size]
set reports [lindex $argv 0]
set passed 0
set failures {}

proc note {what good details} {
    if {$good} {
        incr ::passed
    } else {
        lappend ::failures "$what: $details"
    }
}

# Ends the script's checks: writes the report.
proc report {} {
    set channel [open [file join $::reports $::rank] w]
    foreach failure $::failures {puts $channel $failure}
    puts $channel "$::passed passed, [llength $::failures] failed"
    close $channel
}

proc expectText {what actual expected} {
    note $what [expr {$actual eq $expected}] "got <$actual> instead of <$expected>"
}

# The script must fail with a message that matches.
proc expectError {what script pattern} {
    set code [catch {uplevel 1 $script} message]
    note $what [expr {$code == 1 && [string match $pattern $message]}] "got <$message> ($code) instead of the error <$pattern>"
}

# A tensor: shape, dtype and every element.
proc expect {what actual expected} {
    set found [list [torch::tensor_shape $actual] [torch::tensor_dtype $actual]]
    set wanted [list [torch::tensor_shape $expected] [torch::tensor_dtype $expected]]
    if {$found ne $wanted} {
        note $what 0 "got <$found> instead of <$wanted>"
        return
    }
    set good [allEqual $actual $expected]
    note $what $good [expr {$good ? {} : "got [shown $actual] instead of [shown $expected]"}]
}
proc allEqual {a b} {
    expr {[torch::tensor_item [torch::tensor_sum [torch::eq $a $b]]] == [torch::tensor_numel $a]}
}
proc shown {tensor} {
    string range [join [numbers $tensor] " "] 0 200
}

# The elements as numbers; of complex ones the real parts.
proc numbers {tensor} {
    torch::tensor_to_list [expr {[isComplex [torch::tensor_dtype $tensor]] ? [torch::tensor_to $tensor cpu float64] : $tensor}]
}
proc isComplex {dtype} {string match -nocase complex* $dtype}

set dtypes {bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64 complex64 complex128}
set itemSizes {bool 1 uint8 1 int8 1 int16 2 int32 4 int64 8 float16 2 bfloat16 2 float32 4 float64 8 complex64 8 complex128 16}
proc isIntegral {dtype} {expr {$dtype in {bool uint8 int8 int16 int32 int64}}}

proc elementsOf {shape} {
    expr [join [concat 1 $shape] *]
}

# What rank `from` passes: a list of numbers, chosen so that sums and products of four of them are exact in the dtype, or
# wrap around where it is one of integers. (Complex numbers with imaginary parts are in library_test.cpp.)
proc values {from dtype count {seed 0}} {
    set all {}
    for {set k 0} {$k < $count} {incr k} {
        set n [expr {($from * 7 + $k * 5 + $k / 11 + $seed) % 13}]
        lappend all [switch -glob $dtype {
            bool {expr {$n % 2}}
            uint8 {expr {$n * 19}}
            int8 {expr {$n * 19 - 114}}
            int16 {expr {$n * 5000 - 30000}}
            int32 {expr {$n * 350000000 - 2100000000}}
            int64 {expr {$n * 1500000000000000000 - 9000000000000000000}}
            default {lindex {0 1 -1 2 -2 0.5 -0.5 4} [expr {$n % 8}]}
        }]
    }
    return $all
}

# A tensor of such numbers, also of no dimensions.
proc tensorOf {list shape dtype} {
    torch::tensor_reshape [torch::tensor_create -data $list -shape [llength $list] -dtype $dtype] $shape
}

# The tensor that rank `from` passes.
proc contribution {from shape dtype {seed 0}} {
    tensorOf [values $from $dtype [elementsOf $shape] $seed] $shape $dtype
}
