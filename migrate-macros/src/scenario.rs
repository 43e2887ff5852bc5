//! `#[scenario]`: a function that drives a session becomes one entry of a list, and one test.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Error, FnArg, Ident, ItemFn, LitStr, ReturnType, Token, Type};

/// `differs = "D3"`.
struct Args {
    differs: Option<LitStr>,
}

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.is_empty() {
            return Ok(Self { differs: None });
        }
        let name: Ident = input.parse()?;
        if name != "differs" {
            return Err(Error::new(
                name.span(),
                "unknown argument: write `differs = \"D3\"`",
            ));
        }
        input.parse::<Token![=]>()?;
        let number: LitStr = input.parse()?;
        let value = number.value();
        let (kind, digits) = value.split_at_checked(1).unwrap_or_default();
        let numbered = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        if !matches!(kind, "D" | "C") || !numbered {
            return Err(Error::new(
                number.span(),
                "a difference has a reason: `D` and the number of a defect (DEFECTS.md), or `C` and that of a change on purpose (RULES.md)",
            ));
        }
        if !input.is_empty() {
            return Err(input.error("one reason is enough"));
        }
        Ok(Self {
            differs: Some(number),
        })
    }
}

/// The session's type, of `fn name(s: &mut Session)`.
fn session(item: &ItemFn) -> syn::Result<&Type> {
    let mut arguments = item.sig.inputs.iter();
    let wanted = "a scenario is a function of one session: `fn name(s: &mut Session)`";
    let (Some(FnArg::Typed(argument)), None) = (arguments.next(), arguments.next()) else {
        return Err(Error::new(item.sig.ident.span(), wanted));
    };
    match &*argument.ty {
        Type::Reference(reference) if reference.mutability.is_some() => Ok(&reference.elem),
        _ => Err(Error::new_spanned(&argument.ty, wanted)),
    }
}

pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(args, item).unwrap_or_else(Error::into_compile_error)
}

fn expand(args: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let Args { differs } = syn::parse2(args)?;
    let item: ItemFn = syn::parse2(item)?;
    let session = session(&item)?;
    if !matches!(item.sig.output, ReturnType::Default) {
        return Err(Error::new_spanned(
            &item.sig.output,
            "what a scenario shows is in its trace: it returns nothing",
        ));
    }
    let name = &item.sig.ident;
    let text = name.to_string();
    let constant = format_ident!("{}", text.to_uppercase(), span = name.span());
    let differs = match differs {
        Some(number) => quote!(::core::option::Option::Some(#number)),
        None => quote!(::core::option::Option::None),
    };
    let (docs, others): (Vec<_>, Vec<_>) = item
        .attrs
        .iter()
        .partition(|attribute| attribute.path().is_ident("doc"));
    let (inputs, body) = (&item.sig.inputs, &item.block);
    Ok(quote! {
        #(#docs)*
        pub(crate) const #constant: ::port_kit::Scenario<#session> = {
            #(#others)*
            fn #name(#inputs) #body
            ::port_kit::Scenario {
                name: #text,
                differs: #differs,
                run: #name,
            }
        };

        #[test]
        fn #name() {
            ::insta::assert_snapshot!(#text, #constant.check());
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expansion(args: TokenStream, item: TokenStream) -> String {
        let file = syn::parse2(attribute(args, item)).expect("the expansion parses");
        prettyplease::unparse(&file)
    }

    #[test]
    fn a_scenario_is_an_entry_and_a_test() {
        let item = quote! {
            /// One fault, one chunk.
            fn heap_grows(s: &mut Session) {
                s.fault();
            }
        };
        insta::assert_snapshot!(expansion(quote!(differs = "D3"), item), @r#"
        /// One fault, one chunk.
        pub(crate) const HEAP_GROWS: ::port_kit::Scenario<Session> = {
            fn heap_grows(s: &mut Session) {
                s.fault();
            }
            ::port_kit::Scenario {
                name: "heap_grows",
                differs: ::core::option::Option::Some("D3"),
                run: heap_grows,
            }
        };
        #[test]
        fn heap_grows() {
            ::insta::assert_snapshot!("heap_grows", HEAP_GROWS.check());
        }
        "#);
    }

    #[test]
    fn misuse_is_told_what_to_write() {
        let message = |args: TokenStream, item: TokenStream| {
            expand(args, item).expect_err("misuse").to_string()
        };
        let good = quote!(
            fn a(s: &mut Session) {}
        );
        assert!(message(quote!(why = "D1"), good.clone()).contains("differs = \"D3\""));
        assert!(message(quote!(differs = "3"), good.clone()).contains("DEFECTS.md"));
        assert!(message(quote!(differs = "D"), good).contains("DEFECTS.md"));
        assert!(
            message(
                quote!(),
                quote!(
                    fn a() {}
                )
            )
            .contains("fn name(s: &mut Session)")
        );
        assert!(
            message(
                quote!(),
                quote!(
                    fn a(s: Session) {}
                )
            )
            .contains("fn name(s: &mut Session)")
        );
        assert!(
            message(
                quote!(),
                quote!(
                    fn a(s: &mut Session) -> u32 {
                        1
                    }
                )
            )
            .contains("trace")
        );
    }
}
