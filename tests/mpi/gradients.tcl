# Gradients through collectives, against those of the same formula computed by one process from the tensors of all ranks.
source [file join [file dirname [info script]] ranks.tcl]
source [file join [file dirname [info script]] formulas.tcl]

set all {}
for {set r 0} {$r < $size} {incr r} {lappend all $r}

# What rank r passes: distinct numbers, none of them 0, that float32 holds exactly.
proc leaf {r shape dtype {tracked 1}} {
    set data {}
    for {set k 0} {$k < [elementsOf $shape]} {incr k} {
        lappend data [expr {(($r * 5 + $k * 3 + $k / 7) % 11 - 5) / 4.0 + 0.125 + $r / 64.0}]
    }
    torch::tensor_create -data $data -shape $shape -dtype $dtype -requiresGrad $tracked
}
# Each rank's loss weighs its result with numbers of its own; the sum of all losses is what is differentiated.
proc loss {r out} {
    set shape [torch::tensor_shape $out]
    set count [torch::tensor_numel $out]
    set weights {}
    for {set k 0} {$k < $count} {incr k} {lappend weights [expr {($k * 3 + $r * 2) % 7 - 2}]}
    set weights [torch::tensor_reshape [torch::tensor_create -data $weights -shape $count -dtype [torch::tensor_dtype $out]] $shape]
    # The square makes the derivative depend on the values.
    torch::tensor_sum [torch::tensor_mul $weights [torch::tensor_mul $out $out]]
}

proc stackOf {xs} {torch::tensor_stack -tensors $xs}
proc productOf {xs} {
    set product [lindex $xs 0]
    foreach x [lrange $xs 1 end] {set product [torch::tensor_mul $product $x]}
    return $product
}
# The result of a reduction over the ranks.
proc combine {op xs} {
    switch $op {
        sum {torch::tensor_sum [stackOf $xs] 0}
        mean {torch::tensor_mean [stackOf $xs] 0}
        product {productOf $xs}
        min {torch::tensor_min [stackOf $xs] 0}
        max {torch::tensor_max [stackOf $xs] 0}
    }
}
proc exchange {xs r} {
    set parts [lmap x $xs {block $x $r $::size}]
    expr {$::size > 1 ? [torch::tensor_cat $parts 0] : [lindex $parts 0]}
}
proc empties {shape dtype} {torch::tensor_create -data {} -shape [concat 0 $shape] -dtype $dtype}

# Name, the distributed call on x, and what rank r gets from the tensors xs of all.
set cases {
    {gather to 0}     {torch::distributed_gather $x 0}                {expr {$r == 0 ? [stackOf $xs] : {}}}
    {gather to last}  {torch::distributed_gather $x [expr {$size - 1}]} {expr {$r == $::size - 1 ? [stackOf $xs] : {}}}
    {gather to all}   {torch::distributed_gather $x -1}               {stackOf $xs}
    {all_gather}      {torch::distributed_all_gather $x}              {stackOf $xs}
    {broadcast}       {torch::distributed_broadcast $x [expr {$size - 1}]} {lindex $xs end}
    {scatter}         {torch::distributed_scatter $x 0}               {block [lindex $xs 0] $r $::size}
    {scatter of last} {torch::distributed_scatter $x [expr {$size - 1}]} {block [lindex $xs end] $r $::size}
    {all_to_all}      {torch::distributed_all_to_all $x}              {exchange $xs $r}
}
foreach op {sum mean product min max} {
    lappend cases "all_reduce $op" "torch::distributed_all_reduce \$x $op" "combine $op \$xs" \
        "reduce_scatter $op" "torch::distributed_reduce_scatter \$x $op" "block \[combine $op \$xs\] \$r \$::size"
}

# Equal up to rounding.
proc expectClose {what actual expected tolerance} {
    expectText "$what: shape and dtype" [list [torch::tensor_shape $actual] [torch::tensor_dtype $actual]] \
        [list [torch::tensor_shape $expected] [torch::tensor_dtype $expected]]
    set good [torch::allclose -input $actual -other $expected -rtol $tolerance -atol $tolerance]
    note $what $good [expr {$good ? {} : "got [shown $actual] instead of [shown $expected]"}]
}

# The gradient of every rank's tensor, by one process.
proc localGradients {local shape dtype} {
    set xs [lmap r $::all {leaf $r $shape $dtype}]
    set total {}
    foreach r $::all {
        set out [eval $local]
        if {$out eq {}} continue
        set loss [loss $r $out]
        set total [expr {$total eq {} ? $loss : [torch::tensor_add $total $loss]}]
    }
    torch::tensor_backward $total
    lmap x $xs {
        # Where nothing depends on a tensor it has got no gradient.
        if {[catch {torch::tensor_grad $x} gradient]} {torch::zeros $shape $dtype} else {set gradient}
    }
}

foreach {dtype tolerance} {float64 1e-12 float32 1e-5} {
    foreach shape [list [list $size 2] [list [expr {2 * $size}] 30]] {
        foreach {name call local} $cases {
            set what "$name, {$shape} $dtype"
            set x [leaf $rank $shape $dtype]
            torch::tensor_backward [loss $rank [eval $call]]
            set gradients [localGradients $local $shape $dtype]
            expectClose $what [torch::tensor_grad $x] [lindex $gradients $rank] $tolerance

            # A strided view of a leaf that holds the transposed numbers.
            set turned [torch::tensor_to_list [torch::tensor_contiguous [torch::tensor_permute [leaf $rank $shape $dtype 0] {1 0}]]]
            set below [torch::tensor_create -data $turned -shape [lreverse $shape] -dtype $dtype -requiresGrad true]
            set x [torch::tensor_permute $below {1 0}]
            torch::tensor_backward [loss $rank [eval $call]]
            expectClose "$what, of a strided tensor" [torch::tensor_permute [torch::tensor_grad $below] {1 0}] \
                [lindex $gradients $rank] $tolerance

            # Only one rank wants a gradient: the others still take part on the way back.
            foreach one [list 0 [expr {$size - 1}]] {
                set x [leaf $rank $shape $dtype [expr {$rank == $one}]]
                torch::tensor_backward [loss $rank [eval $call]]
                if {$rank == $one} {
                    expectClose "$what, wanted by rank $one alone" [torch::tensor_grad $x] [lindex $gradients $rank] $tolerance
                }
            }
        }
    }
}

# What the others pass to scatter does not count, not even its dtype.
set shape [list [expr {2 * $size}] 3]
set x [expr {$rank ? [torch::zeros 1 int64] : [leaf 0 $shape float64]}]
torch::tensor_backward [loss $rank [torch::distributed_scatter $x]]
if {$rank == 0} {
    expectClose "scatter among tensors that do not count" [torch::tensor_grad $x] \
        [lindex [localGradients {block [lindex $xs 0] $r $::size} $shape float64] 0] 1e-12
}

# Half precision and complex numbers, through what adds up.
foreach dtype {float16 bfloat16 complex64} {
    foreach op {sum mean} {
        set x [torch::tensor_create -data [list 1 2 [expr {$rank + 1}]] -dtype $dtype -requiresGrad true]
        set total [torch::tensor_sum [torch::distributed_all_reduce $x $op]]
        if {[isComplex $dtype]} {
            expectText "all_reduce $op of $dtype is differentiable" [torch::tensor_requires_grad $total] 1
            continue
        }
        torch::tensor_backward $total
        expect "all_reduce $op, $dtype" [torch::tensor_grad $x] \
            [torch::full 3 [expr {$op eq "sum" ? $size : 1}] -dtype $dtype]
    }
}

# Ranks that share the extreme value share its gradient.
set x [torch::tensor_create -data {3 1} -dtype float64 -requiresGrad true]
torch::tensor_backward [torch::tensor_sum [torch::distributed_all_reduce $x max]]
expectClose "equal maxima" [torch::tensor_grad $x] [torch::tensor_create -data {1 1} -dtype float64] 1e-12

# A product with zeros in it.
set x [torch::tensor_create -data [list [expr {$rank == 0 ? 0 : 2}] [expr {$rank == 0 ? 3 : 2}]] -dtype float64 -requiresGrad true]
torch::tensor_backward [torch::tensor_sum [torch::distributed_all_reduce $x product]]
set others [expr {2 ** ($size - 1)}]
expectClose "a product with a zero" [torch::tensor_grad $x] \
    [torch::tensor_create -data [list [expr {$rank == 0 ? $size * $others : 0}] \
        [expr {$rank == 0 ? $size * $others : $size * 3 * $others / 2}]] -dtype float64] 1e-12

# Gradients of gradients: of all_reduce, whose own gradient is an all_reduce, and of the others.
foreach {name call local} $cases {
    if {[string match {gather to [0l]*} $name] || [string match scatter* $name] || $name eq "broadcast"} continue
    set shape [list $size 2]
    set x [leaf $rank $shape float64]
    set first [torch::grad [loss $rank [eval $call]] $x]
    torch::tensor_backward [torch::tensor_sum [torch::tensor_mul $first $first]]

    set xs [lmap r $all {leaf $r $shape float64}]
    set total {}
    foreach r $all {
        set loss [loss $r [eval $local]]
        set total [expr {$total eq {} ? $loss : [torch::tensor_add $total $loss]}]
    }
    set second {}
    foreach leaf $xs {
        set first [torch::grad $total $leaf]
        set part [torch::tensor_sum [torch::tensor_mul $first $first]]
        set second [expr {$second eq {} ? $part : [torch::tensor_add $second $part]}]
    }
    torch::tensor_backward $second
    expectClose "second gradient of $name" [torch::tensor_grad $x] [torch::tensor_grad [lindex $xs $rank]] 1e-10
}

# Nothing is recorded where nobody wants it, or recording is off.
expectText "no gradient wanted" [torch::tensor_requires_grad [torch::distributed_all_gather [torch::ones 3]]] 0
torch::no_grad
expectText "recording is off" [torch::tensor_requires_grad [torch::distributed_all_gather [leaf $rank 3 float32]]] 0
torch::enable_grad
# reduce is not differentiable.
expectText "reduce" [torch::tensor_requires_grad [torch::distributed_reduce [leaf $rank 3 float32]]] 0

# A step of data-parallel training is that of one process with all data.
torch::manual_seed 1
set weights [torch::tensor_create -data {0.5 -0.25 1} -shape {3 1} -dtype float64 -requiresGrad true]
proc rows {r} {leaf $r {4 3} float64 0}
proc squares {weights rows} {
    set error [torch::tensor_sub [torch::tensor_matmul $rows $weights] [torch::ones {4 1} float64]]
    torch::tensor_mean [torch::tensor_mul $error $error]
}
torch::tensor_backward [squares $weights [rows $rank]]
set average [torch::distributed_all_reduce [torch::tensor_grad $weights] mean]
set alone [torch::tensor_create -data {0.5 -0.25 1} -shape {3 1} -dtype float64 -requiresGrad true]
torch::tensor_backward [torch::tensor_mean [torch::tensor_stack -tensors [lmap r $all {squares $alone [rows $r]}]]]
expectClose "averaged gradients" $average [torch::tensor_grad $alone] 1e-12
# The gradient of a mean in half precision, where the sum of the ranks' gradients is beyond it.
set x [torch::tensor_create -data {1 2} -dtype float16 -requiresGrad true]
torch::tensor_backward [torch::tensor_sum [torch::tensor_mul [torch::distributed_all_reduce $x mean] [torch::full 2 30000 float16]]]
expect "a mean's gradient" [torch::tensor_grad $x] [torch::full 2 30000 float16]
report
