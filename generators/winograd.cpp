#include "generators/winograd.h"

#include "generators/dilated_conv.h"

namespace atrous {

using namespace Halide;

namespace {

using Matrix = std::vector<std::vector<double>>;
using Vector = std::function<Expr(int)>;

Expr scaled(double factor, const Expr& value) {
    return factor == 1 ? value : factor == -1 ? -value : static_cast<float>(factor) * value;
}

// Σ coefficients[i] · at(i), without the zeros.
Expr combination(const std::vector<double>& coefficients, const Vector& at) {
    Expr sum;
    for (bool positive : {true, false}) {  // so that no sum begins with a negation
        for (size_t i = 0; i < coefficients.size(); i++) {
            if (coefficients[i] == 0 || (coefficients[i] > 0) != positive) continue;
            Expr term = scaled(coefficients[i], at(static_cast<int>(i)));
            sum = sum.defined() ? sum + term : term;
        }
    }
    return sum.defined() ? sum : Expr(0.f);
}

// The product of a matrix and the vector at(0), at(1), …. Rows of points a and −a differ in the sign of every other
// coefficient: their even and odd halves are computed once.
std::vector<Expr> product(const Matrix& matrix, const Vector& at) {
    std::vector<Expr> result;
    for (size_t row = 0; row < matrix.size(); row++) {
        std::vector<double> even(matrix[row].size()), odd(matrix[row].size());
        bool paired = row + 1 < matrix.size();
        for (size_t i = 0; paired && i < even.size(); i++) {
            even[i] = (matrix[row][i] + matrix[row + 1][i]) / 2;
            odd[i] = (matrix[row][i] - matrix[row + 1][i]) / 2;
            paired = even[i] == 0 || odd[i] == 0;
        }
        auto terms = [](const std::vector<double>& c) {
            return std::count_if(c.begin(), c.end(), [](double x) { return x != 0; });
        };
        if (!paired || terms(even) == 0 || terms(odd) == 0 || terms(even) + terms(odd) < 3) {
            result.push_back(combination(matrix[row], at));
            continue;
        }
        Expr p = combination(even, at), q = combination(odd, at);
        result.push_back(p + q);
        result.push_back(p - q);
        row++;
    }
    return result;
}

// The same for Aᵀ, whose row i has the i-th powers of the points: even rows take the sum of what belongs to a and −a,
// odd rows the difference.
std::vector<Expr> product_of_powers(const Matrix& powers, const Vector& at) {
    struct Term {
        size_t column;
        bool is_pair;  // with the next column
    };
    std::vector<Term> terms;
    const size_t columns = powers[0].size();
    for (size_t c = 0; c < columns; c += terms.back().is_pair ? 2 : 1)
        terms.push_back(
            {c, powers.size() > 1 && c + 1 < columns && powers[1][c] != 0 && powers[1][c] == -powers[1][c + 1]});
    std::vector<Expr> result;
    for (size_t row = 0; row < powers.size(); row++) {
        std::vector<double> coefficients;
        for (const Term& term : terms) coefficients.push_back(powers[row][term.column]);
        result.push_back(combination(coefficients, [&](int i) {
            const Term& term = terms[static_cast<size_t>(i)];
            const int c = static_cast<int>(term.column);
            if (!term.is_pair) return at(c);
            return row % 2 == 0 ? at(c) + at(c + 1) : at(c) - at(c + 1);
        }));
    }
    return result;
}

Expr group_x(const TileGroup& g) {
    return (g.index % g.count_x) * g.tiles_x;
}
Expr group_y(const TileGroup& g) {
    return (g.index / g.count_x % g.count_y) * g.tiles_y;
}
Expr image_of(const TileGroup& g) {
    return g.index / (g.count_x * g.count_y);
}

}  // namespace

WinogradWeights winograd_weights(const WinogradWeightsSpec& spec, const ImageParam& weights) {
    WinogradWeights w;
    w.source = weights.parameter();
    const Expr ci_lanes = weights.dim(1).extent();
    const WinogradTile& tile = spec.tile;
    const auto tap = [&](int kx, int ky) {
        const Expr ci = w.k % channel_block;
        return select(ci < ci_lanes, weights(w.c, min(ci, ci_lanes - 1), kx, ky, w.k / channel_block, w.cb), 0.f);
    };
    w.rows = Func("rows");
    std::vector<Expr> along_x;
    for (int y = 0; y < tile.kernel_y; y++) {
        std::vector<Expr> row =
            product(winograd_matrices(tile.outputs_x, tile.kernel_x).filter, [&](int x) { return tap(x, y); });
        along_x.push_back(mux(w.ex, row));
    }
    w.rows(w.c, w.k, w.cb, w.ex, w.ky) = mux(w.ky, along_x);
    w.output = Func("winograd_weights");
    w.output(w.c, w.k, w.cb, w.ex, w.ey) = mux(w.ey, product(winograd_matrices(tile.outputs_y, tile.kernel_y).filter,
                                                             [&](int y) { return w.rows(w.c, w.k, w.cb, w.ex, y); }));
    return w;
}

// A group's tiles begin in so many chunks; each reaches one dilation past its last element, for its last phase.
WinogradFetch winograd_fetch(const WinogradFetches& in) {
    const TileGroup& g = in.group;
    const auto first = [](const Expr& tile, const Expr& dilation, const Expr& outputs, const Expr& pad) {
        return tile / dilation * outputs * dilation - pad;
    };
    Expr first_x = first(group_x(g), g.dilation_x, in.outputs_x, in.pad_left);
    Expr first_y = first(group_y(g), g.dilation_y, in.outputs_y, in.pad_top);
    Expr end_x = first(group_x(g) + g.tiles_x - 1, g.dilation_x, in.outputs_x, in.pad_left) + in.size_x * g.dilation_x;
    Expr end_y = first(group_y(g) + g.tiles_y - 1, g.dilation_y, in.outputs_y, in.pad_top) + in.size_y * g.dilation_y;
    WinogradFetch f;
    f.area = RDom(0, min(end_x, in.last_x + 1) - first_x, 0, min(end_y, in.last_y + 1) - first_y, 0, in.blocks, "r");
    f.largest = Func("largest");
    f.largest(f.c) = 0.f;
    f.largest(f.c) = max(f.largest(f.c), in.input(f.c, first_x + f.area.x, first_y + f.area.y, f.area.z, image_of(g)));
    f.output = Func("winograd_fetch");
    f.output(f.c) = f.largest(f.c);
    return f;
}

WinogradInput winograd_input(const WinogradInputSpec& spec, const WinogradInputs& in) {
    WinogradInput w;
    const WinogradTile& tile = spec.tile;
    const TileGroup& g = in.group;
    // The last panel may have room for more tiles than there are: any will do there. Likewise, tiles at the end of an
    // axis reach further than any output needs, and the last pixel that may be read will do.
    Expr t = min((in.first_panel + w.panel) * in.panel_tiles + w.p, in.tiles - 1);
    Expr tx = t % g.tiles_x, ty = t / g.tiles_x % g.tiles_y, image = image_of(g) + t / (g.tiles_x * g.tiles_y);
    Expr first_x = first_pixel(group_x(g) + tx, g.dilation_x, tile.outputs_x) - in.pad_left;
    Expr first_y = first_pixel(group_y(g) + ty, g.dilation_y, tile.outputs_y) - in.pad_top;
    Var iy("iy");
    w.rows = Func("rows");
    w.rows(w.c, w.p, w.panel, w.cb, w.ex, iy) =
        mux(w.ex, product(winograd_matrices(tile.outputs_x, tile.kernel_x).input, [&](int i) {
                return in.input(w.c, min(first_x + i * g.dilation_x, in.last_x),
                                min(first_y + iy * g.dilation_y, in.last_y), w.cb, image);
            }));
    w.output = Func("winograd_input");
    w.output(w.c, w.p, w.panel, w.cb, w.ex, w.ey) =
        mux(w.ey, product(winograd_matrices(tile.outputs_y, tile.kernel_y).input,
                          [&](int i) { return w.rows(w.c, w.p, w.panel, w.cb, w.ex, i); }));
    return w;
}

BatchedGemm batched_gemm(const BatchedGemmSpec& spec, const ImageParam& weights, const ImageParam& input) {
    BatchedGemm g;
    g.source = input.parameter();
    const Expr k_blocks = input.dim(2).extent();
    const bool in_parts = spec.part_blocks > 0;
    g.k = RDom(0, channel_block, 0, in_parts ? spec.part_blocks : k_blocks, "k");
    Var lane("lane"), block("block");
    g.pixels = Func("pixels");
    g.pixels(lane, g.p, block, g.panel, g.e) = input(lane, g.p, block, g.panel, g.e);
    g.sum = Func("sum");
    g.sum(g.c, g.p, g.panel, g.cb, g.e) = 0.f;
    const auto product = [&](const Expr& k_block) {
        return weights(g.c, k_block * channel_block + g.k.x, g.cb, g.e) * g.pixels(g.k.x, g.p, k_block, g.panel, g.e);
    };
    if (in_parts) {
        Var number("number");
        Expr k_block = number * spec.part_blocks + g.k.y;
        g.k.where(k_block < k_blocks);
        g.part = Func("part");
        g.part(g.c, g.p, g.panel, g.cb, g.e, number) = 0.f;
        g.part(g.c, g.p, g.panel, g.cb, g.e, number) += product(k_block);
        g.parts = RDom(0, (k_blocks + spec.part_blocks - 1) / spec.part_blocks, "parts");
        g.sum(g.c, g.p, g.panel, g.cb, g.e) += g.part(g.c, g.p, g.panel, g.cb, g.e, g.parts);
    } else {
        g.sum(g.c, g.p, g.panel, g.cb, g.e) += product(g.k.y);
    }
    g.output = Func("batched_gemm");
    g.output(g.c, g.e, g.p, g.panel, g.cb) = g.sum(g.c, g.p, g.panel, g.cb, g.e);
    return g;
}

WinogradOutput winograd_output(const WinogradOutputSpec& spec, const WinogradOutputs& in) {
    WinogradOutput w;
    const WinogradTile& tile = spec.tile;
    const TileGroup& g = in.group;
    w.rows = Func("rows");
    w.rows(w.c, w.tx, w.ty, w.cb, w.ox, w.ey, w.n) =
        mux(w.ox, product_of_powers(winograd_matrices(tile.outputs_x, tile.kernel_x).output,
                                    [&](int i) { return in.products(w.c, i, w.ey, w.tx, w.ty, w.cb, w.n); }));
    w.tile = Func("tile");
    w.tile(w.c, w.tx, w.ty, w.cb, w.ox, w.oy, w.n) =
        mux(w.oy, product_of_powers(winograd_matrices(tile.outputs_y, tile.kernel_y).output,
                                    [&](int i) { return w.rows(w.c, w.tx, w.ty, w.cb, w.ox, i, w.n); }));
    w.pixels = RDom(0, tile.outputs_y, 0, tile.outputs_x, 0, g.tiles_x, 0, g.tiles_y, 0, in.images, "r");
    RVar oy = w.pixels[0], ox = w.pixels[1], tx = w.pixels[2], ty = w.pixels[3], image = w.pixels[4];
    Expr sum = w.tile(w.c, tx, ty, w.cb, ox, oy, image);
    Expr x = first_pixel(group_x(g) + tx, g.dilation_x, tile.outputs_x) + ox * g.dilation_x;
    Expr y = first_pixel(group_y(g) + ty, g.dilation_y, tile.outputs_y) + oy * g.dilation_y;
    w.pixels.where(x < in.width && y < in.height);
    Expr n = image_of(g) + image;
    Expr slope = spec.activation == ElementwiseFunction::prelu ? in.slope(w.c, w.cb) : Expr();
    Expr other = spec.residual != Residual::none ? in.residual(w.c, x, y, w.cb, n) : Expr();
    Var px("x"), py("y"), pn("n");
    w.output = Func("winograd_output");
    w.output(w.c, px, py, w.cb, pn) = undef<float>();
    w.output(w.c, x, y, w.cb, n) =
        finish(sum + in.bias(w.c, w.cb), spec.activation, spec.residual, slope, other, in.alpha, in.beta);
    return w;
}

}  // namespace atrous
